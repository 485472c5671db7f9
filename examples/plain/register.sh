etcdctl put /services/plain/vm-1 192.0.2.11:8000
etcdctl put /services/plain/vm-2 192.0.2.12
etcdctl put /services/plain/192.0.2.13:8000 ""
