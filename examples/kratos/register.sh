etcdctl put /microservices/helloworld/a '{"id":"a","name":"helloworld","version":"v2","metadata":{},"endpoints":["http://192.0.2.41:8000","grpc://192.0.2.41:9000"]}'
etcdctl put /microservices/helloworld/b '{"id":"b","name":"helloworld","version":"v2","metadata":{},"endpoints":["grpc://192.0.2.42:9000"]}'
etcdctl put /microservices/helloworld/c '{"id":"c","name":"helloworld","version":"v1","metadata":{},"endpoints":["http://192.0.2.43:8000"]}'
