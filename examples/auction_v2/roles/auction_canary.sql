-- An application that reads the serving views without naming their schema, so that it can be let read
-- a new version before everybody else: mzflow run canary --role auction_canary
CREATE ROLE auction_canary;
ALTER ROLE auction_canary SET database = auction;
ALTER ROLE auction_canary SET search_path = serve;
ALTER ROLE auction_canary SET cluster = serving;
COMMENT ON ROLE auction_canary IS 'Reads new versions of the auction house first';
