{{ config(materialized='view', indexes=[{'columns': ['customer'], 'cluster': 'shop'}]) }}
SELECT id, customer, price FROM {{ source('shop_raw', 'items') }} WHERE price > 0
