-- Keeps the intermediate results up to date.
CREATE CLUSTER compute (SIZE = '25cc', REPLICATION FACTOR = 1);
COMMENT ON CLUSTER compute IS 'Computes what the serving views read';
