# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replay of EC2's DescribeInstances for N hosts: pages rendered beforehand, served at once.

So that a benchmark of inventories measures the inventories: no emulator's own cost is in the figure. The element
names, their order and their number (about 7 KB a host: network interface, block device, metadata options, tags) are
those of the answer in https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html.

Run as a program it prints its endpoint in one line and serves until it is ended; ``GET /calls`` answers the number of
API calls so far.
"""

from __future__ import annotations

import argparse
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = 1000
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
GROUPS = ("bastion", "k3s_server", "k3s_agent", "kafka", "rabbitmq", "redis", "gpu_node", "flask_service")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{:043d}"

INSTANCE = """<item><reservationId>r-{number:017x}</reservationId><ownerId>123456789012</ownerId><groupSet/>
<instancesSet><item><instanceId>i-{number:017x}</instanceId><imageId>ami-0123456789abcdef0</imageId>
<instanceState><code>16</code><name>running</name></instanceState>
<privateDnsName>ip-10-{a}-{b}-{c}.ec2.internal</privateDnsName><dnsName>{public_dns}</dnsName><reason/>
<keyName>bench-production-key</keyName><amiLaunchIndex>0</amiLaunchIndex><productCodes/>
<instanceType>m6i.large</instanceType>
<launchTime>2026-01-0{day}T08:1{day}:27.000Z</launchTime>
<placement><availabilityZone>{zone}</availabilityZone><availabilityZoneId>use1-az4</availabilityZoneId><groupName/>
<tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring>
<subnetId>subnet-{subnet:017x}</subnetId><vpcId>vpc-00000000000000001</vpcId>
<privateIpAddress>10.{a}.{b}.{c}</privateIpAddress>{public_ip}<sourceDestCheck>true</sourceDestCheck>
<groupSet><item><groupId>sg-{subnet:017x}</groupId><groupName>bench-production-sg-{group}</groupName></item>
<item><groupId>sg-0000000000000000f</groupId><groupName>bench-production-sg-common</groupName></item></groupSet>
<architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/xvda</rootDeviceName>
<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-{number:017x}</volumeId><status>attached</status>
<attachTime>2026-01-01T08:11:28.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></ebs></item>
<item><deviceName>/dev/sdf</deviceName><ebs><volumeId>vol-1{number:016x}</volumeId><status>attached</status>
<attachTime>2026-01-01T08:11:28.000Z</attachTime><deleteOnTermination>false</deleteOnTermination></ebs></item></blockDeviceMapping>
<virtualizationType>hvm</virtualizationType><clientToken>{number:032x}</clientToken><tagSet>{tags}</tagSet>
<hypervisor>xen</hypervisor><networkInterfaceSet><item>
<networkInterfaceId>eni-{number:017x}</networkInterfaceId>
<subnetId>subnet-{subnet:017x}</subnetId><vpcId>vpc-00000000000000001</vpcId>
<description>Primary interface</description>
<ownerId>123456789012</ownerId><status>in-use</status><macAddress>02:00:{a:02x}:{b:02x}:{c:02x}:01</macAddress>
<privateIpAddress>10.{a}.{b}.{c}</privateIpAddress><privateDnsName>ip-10-{a}-{b}-{c}.ec2.internal</privateDnsName>
<sourceDestCheck>true</sourceDestCheck><groupSet><item><groupId>sg-{subnet:017x}</groupId>
<groupName>bench-production-sg-{group}</groupName></item><item><groupId>sg-0000000000000000f</groupId>
<groupName>bench-production-sg-common</groupName></item></groupSet><attachment><attachmentId>eni-attach-{number:017x}</attachmentId>
<deviceIndex>0</deviceIndex><networkCardIndex>0</networkCardIndex><status>attached</status>
<attachTime>2026-01-01T08:11:27.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></attachment>
<privateIpAddressesSet><item><privateIpAddress>10.{a}.{b}.{c}</privateIpAddress>
<privateDnsName>ip-10-{a}-{b}-{c}.ec2.internal</privateDnsName><primary>true</primary></item></privateIpAddressesSet>
<ipv6AddressesSet/><interfaceType>interface</interfaceType><operator><managed>false</managed></operator></item></networkInterfaceSet>
<iamInstanceProfile><arn>arn:aws:iam::123456789012:instance-profile/slipway/bench-production/{group}</arn>
<id>AIPA{number:017d}</id></iamInstanceProfile><ebsOptimized>true</ebsOptimized><enaSupport>true</enaSupport>
<cpuOptions><coreCount>1</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>
<capacityReservationSpecification><capacityReservationPreference>open</capacityReservationPreference></capacityReservationSpecification>
<hibernationOptions><configured>false</configured></hibernationOptions><enclaveOptions><enabled>false</enabled></enclaveOptions>
<metadataOptions><state>applied</state><httpTokens>required</httpTokens><httpPutResponseHopLimit>2</httpPutResponseHopLimit>
<httpEndpoint>enabled</httpEndpoint><httpProtocolIpv6>disabled</httpProtocolIpv6>
<instanceMetadataTags>disabled</instanceMetadataTags></metadataOptions><platformDetails>Linux/UNIX</platformDetails>
<usageOperation>RunInstances</usageOperation><usageOperationUpdateTime>2026-01-01T08:11:27.000Z</usageOperationUpdateTime>
<privateDnsNameOptions><hostnameType>ip-name</hostnameType><enableResourceNameDnsARecord>false</enableResourceNameDnsARecord>
<enableResourceNameDnsAAAARecord>false</enableResourceNameDnsAAAARecord></privateDnsNameOptions>
<maintenanceOptions><autoRecovery>default</autoRecovery><rebootMigration>default</rebootMigration></maintenanceOptions>
<currentInstanceBootMode>legacy-bios</currentInstanceBootMode><operator><managed>false</managed></operator>
</item></instancesSet></item>
"""


def instance(number: int) -> str:
    """One reservation of one host; the first is a bastion with a public address, the rest are private."""
    group = "bastion" if number == 0 else GROUPS[1 + number % (len(GROUPS) - 1)]
    tags = {
        "Name": f"bench-production-{group}-{number}",
        "Project": "bench",
        "Environment": "production",
        "ManagedBy": "Slipway",
        "Component": group,
        "CostCenter": "platform",
        "Owner": "platform@example.com",
        "slipway:stack": "bench-production",
        "slipway:name": f"{group}-{number}",
        "slipway:group": group,
        "slipway:host-key": KEY.format(number),
    }
    return INSTANCE.format(
        number=number,
        a=number // 62500,
        b=number // 250 % 250,
        c=number % 250 + 4,
        zone=ZONES[number % 3],
        day=1 + number % 9,
        subnet=number % 3 + 1,
        group=group,
        public_ip="<ipAddress>203.0.113.7</ipAddress>" if number == 0 else "",
        public_dns="ec2-203-0-113-7.compute-1.amazonaws.com" if number == 0 else "",
        tags="".join(f"<item><key>{key}</key><value>{value}</value></item>" for key, value in tags.items()),
    )


def pages(hosts: int) -> list[bytes]:
    """The whole answer for so many hosts, in pages of 1,000; the token of a page is its number."""
    answers = []
    for start in range(0, max(hosts, 1), PAGE):
        body = "".join(instance(number) for number in range(start, min(start + PAGE, hosts)))
        more = f"<nextToken>{start // PAGE + 1}</nextToken>" if start + PAGE < hosts else ""
        answers.append(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
            f"<requestId>replay</requestId><reservationSet>{body}</reservationSet>{more}</DescribeInstancesResponse>".encode()
        )
    return answers


class Replay(ThreadingHTTPServer):
    """Serves the pages on a free port of the loopback interface and counts the API calls."""

    daemon_threads = True

    def __init__(self, hosts: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages = pages(hosts)
        self.calls = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Replay

    def do_POST(self) -> None:
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.calls += 1
        if form["Action"] != ["DescribeInstances"]:
            self.answer(400, b"<Response><Errors><Error><Code>InvalidAction</Code></Error></Errors></Response>")
            return
        self.answer(200, self.server.pages[int(form.get("NextToken", ["0"])[0])])

    def do_GET(self) -> None:
        self.answer(200, str(self.server.calls).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml;charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Silent: a line a call would be noise in the benchmark's output."""


@contextmanager
def replay(hosts: int) -> Iterator[Replay]:
    """A replay in this process (for tests), stopped at the end of the block."""
    with Replay(hosts) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hosts", type=int)
    with Replay(parser.parse_args().hosts) as server:
        print(server.endpoint, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
