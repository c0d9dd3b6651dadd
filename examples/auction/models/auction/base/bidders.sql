CREATE VIEW bidders AS
SELECT u.id AS buyer, u.name AS buyer_name, o.name AS organization, a.balance
FROM public.users AS u
JOIN public.organizations AS o ON o.id = u.org_id
LEFT JOIN public.accounts AS a ON a.org_id = o.id;
COMMENT ON VIEW bidders IS 'Who may bid, and what their organization has in its accounts';
