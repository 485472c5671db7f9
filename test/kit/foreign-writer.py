"""Puts what it is told under one lease, by etcd's Python client: a key and a value a line. Revokes the lease at the end of its input."""

import sys

import etcd3

host, port = sys.argv[1].rsplit(":", 1)
client = etcd3.client(host=host, port=int(port))
lease = client.lease(600)
for line in sys.stdin:
    key, value = line.rstrip("\n").split(" ", 1)
    client.put(key, value, lease)
    print("put", flush=True)
lease.revoke()
