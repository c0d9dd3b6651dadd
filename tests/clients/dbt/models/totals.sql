{{ config(materialized='materialized_view', indexes=[{'columns': ['customer'], 'name': 'totals_by_customer'}]) }}
SELECT customer, sum(price) AS total FROM {{ ref('orders') }} GROUP BY customer
