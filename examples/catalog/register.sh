etcdctl put /catalog/prod/billing/billing-1 192.0.2.81:8080
etcdctl put /catalog/prod/search/search-1 192.0.2.82:8080
etcdctl put /catalog/prod/search/search-2 192.0.2.83:8080
etcdctl put /catalog/prod/search-test/search-test-1 192.0.2.84:8080
etcdctl put /catalog/stage/billing/billing-1 192.0.2.85:8080
