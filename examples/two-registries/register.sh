ETCDCTL_ENDPOINTS=http://etcd-east.example:2379 etcdctl put /services/orders/1 192.0.2.71:8080
# This address lies outside of what east may publish: it is rejected as AddressNotGranted.
ETCDCTL_ENDPOINTS=http://etcd-east.example:2379 etcdctl put /services/orders/2 198.51.100.72:8080
ETCDCTL_ENDPOINTS=http://etcd-west.example:2379 etcdctl put /services/orders/1 198.51.100.73:8080
