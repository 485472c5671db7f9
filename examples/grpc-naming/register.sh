etcdctl put services/greeter/192.0.2.21:50051 '{"Op":0,"Addr":"192.0.2.21:50051","Metadata":null}'
etcdctl put services/greeter/192.0.2.22:50051 '{"Op":0,"Addr":"192.0.2.22:50051","Metadata":{"weight":10}}'
