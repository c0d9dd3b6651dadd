-- Answers the readers.
CREATE CLUSTER serving (SIZE = '25cc', REPLICATION FACTOR = 1);
COMMENT ON CLUSTER serving IS 'Serves indexed views to applications';
GRANT USAGE ON CLUSTER serving TO auction_reader;
