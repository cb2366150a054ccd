# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cloud-init's own EC2 data source, told that this is AWS: firmware says so on an instance, and a container has none.

It asks the metadata service with tokens, as on AWS, and does no DHCP: the network is set up before the first process.
"""

from cloudinit import sources
from cloudinit.sources.DataSourceEc2 import CloudNames, DataSourceEc2


class DataSourceInstance(DataSourceEc2):
    perform_dhcp_setup = False

    @property
    def cloud_name(self):
        return CloudNames.AWS


_SOURCES = [(DataSourceInstance, (sources.DEP_FILESYSTEM, sources.DEP_NETWORK))]


def get_datasource_list(depends):
    return sources.list_from_depends(depends, _SOURCES)
