#!/bin/sh
# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# plan.sh INVENTORY [yes]: plans inventories/INVENTORY against an emulated account that lives as long as this command; with "yes"
# launches the same inventory into the same account. Nothing leaves this machine.
set -eu

inventory="inventories/$1"
if [ ! -d "$inventory" ]; then
    echo "There is no $inventory. Choose one of: $(cd inventories 2>/dev/null && echo *)" >&2
    exit 1
fi
if [ "${2:-}" = yes ]; then
    # shellcheck disable=SC2016  # $1 belongs to the inner shell
    exec python -m lab.emulator exec -- sh -euc \
        'ansible-playbook playbooks/plan.yml -i "$1"; ansible-playbook playbooks/provision.yml -i "$1"' sh "$inventory"
fi
exec python -m lab.emulator exec -- ansible-playbook playbooks/plan.yml -i "$inventory"
