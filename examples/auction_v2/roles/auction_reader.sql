-- Applications that read the serving views are members of this role.
CREATE ROLE auction_reader;
COMMENT ON ROLE auction_reader IS 'Reads the serving views of the auction house';
GRANT auction_reader TO auction_canary;
