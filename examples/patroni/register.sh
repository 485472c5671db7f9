# Patroni does this itself; the leader key says which member is the primary.
etcdctl put /service/batman/members/pg-0 '{"conn_url":"postgres://192.0.2.61:5432/postgres","state":"running","role":"primary"}'
etcdctl put /service/batman/members/pg-1 '{"conn_url":"postgres://192.0.2.62:5432/postgres","state":"running","role":"replica"}'
etcdctl put /service/batman/members/pg-2 '{"conn_url":"postgres://192.0.2.63:5432/postgres","state":"running","role":"replica"}'
etcdctl put /service/batman/leader pg-0
