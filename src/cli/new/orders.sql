-- Where real rows will come from: a source, or a table of somebody else's.
CREATE VIEW orders AS
SELECT column1 AS id, column2 AS item, column3 AS amount
FROM (VALUES (1, 'apple', 3), (2, 'pear', 5), (3, 'apple', 4)) AS given;
