etcdctl put /services/cassandra/node-1 192.0.2.51:9042
etcdctl put /services/cassandra/node-2 '[2001:db8::52]:9042'
