COMMENT ON SCHEMA auction.core IS 'Who wins what, kept up to date on cluster compute';
