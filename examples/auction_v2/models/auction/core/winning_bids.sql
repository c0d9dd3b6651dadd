-- The highest bid of each auction; of equal bids the earlier one. Bids below ten dollars are
-- not taken seriously any more.
CREATE MATERIALIZED VIEW winning_bids
  IN CLUSTER compute
AS
SELECT DISTINCT ON (auction_id)
  auction_id,
  bid_id,
  buyer,
  buyer_name,
  amount,
  bid_time
FROM base.bids_valued
WHERE amount >= 10
ORDER BY auction_id, amount DESC, bid_id;
CREATE INDEX winning_bids_by_auction IN CLUSTER compute ON winning_bids (auction_id);
COMMENT ON MATERIALIZED VIEW winning_bids IS 'The best serious bid of each auction so far';
COMMENT ON COLUMN winning_bids.amount IS 'In whole dollars';

EXECUTE UNIT TEST highest_serious_bid_wins FOR winning_bids
  MOCK base.bids_valued (
    bid_id bigint, auction_id bigint, buyer bigint, buyer_name text, amount integer,
    bid_time timestamp with time zone
  ) AS (VALUES
    (1, 7, 30, 'Ann', 50, '2026-01-01 10:00:00+00'),
    (2, 7, 31, 'Bo', 70, '2026-01-01 10:01:00+00'),
    (3, 8, 30, 'Ann', 15, '2026-01-01 10:02:00+00'),
    (4, 9, 32, 'Ed', 9, '2026-01-01 10:03:00+00')
  ),
  EXPECTED (
    auction_id bigint, bid_id bigint, buyer bigint, buyer_name text, amount integer,
    bid_time timestamp with time zone
  ) AS (VALUES
    (7, 2, 31, 'Bo', 70, '2026-01-01 10:01:00+00'),
    (8, 3, 30, 'Ann', 15, '2026-01-01 10:02:00+00')
  );

EXECUTE UNIT TEST of_equal_bids_the_earlier_one_wins FOR winning_bids
  MOCK base.bids_valued (
    bid_id bigint, auction_id bigint, buyer bigint, buyer_name text, amount integer,
    bid_time timestamp with time zone
  ) AS (VALUES
    (2, 7, 31, 'Bo', 70, '2026-01-01 10:01:00+00'),
    (1, 7, 30, 'Ann', 70, '2026-01-01 10:00:00+00')
  ),
  EXPECTED (
    auction_id bigint, bid_id bigint, buyer bigint, buyer_name text, amount integer,
    bid_time timestamp with time zone
  ) AS (VALUES (7, 1, 30, 'Ann', 70, '2026-01-01 10:00:00+00'));
