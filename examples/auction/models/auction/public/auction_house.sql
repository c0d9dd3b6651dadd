-- Five tables come out of it: accounts, auctions, bids, organizations, users.
CREATE SOURCE auction_house
  IN CLUSTER quickstart
  FROM LOAD GENERATOR AUCTION (TICK INTERVAL '1s', AS OF 100)
  FOR ALL TABLES;
COMMENT ON SOURCE auction_house IS 'One auction and a few bids every second';
