#!/bin/sh
# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# lab.sh INVENTORY: the machine made ready, a lab on it, and inventories/INVENTORY in the lab. As root. Ended at any point, it goes on when
# it is run again.
set -eu

inventory="inventories/$1"
if [ ! -d "$inventory" ]; then
    echo "There is no $inventory. Choose one of: $(cd inventories && echo *)" >&2
    exit 1
fi
if ! bin/lab doctor --fix; then
    echo "This machine cannot carry the lab; what is missing is said above. What works without: make plan INVENTORY=$1" >&2
    exit 1
fi
bin/lab up
exec bin/lab exec -- ansible-playbook site.yml -i "$inventory"
