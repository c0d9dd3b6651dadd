-- business_hours: lets nothing become production while nobody is there to look after it.
--
-- Monday to Thursday from nine to five, Friday until noon, in Berlin. Outside of that it waits, and
-- a deployment that is older than three days has been waited for long enough.

local closes = { Monday = "17:00", Tuesday = "17:00", Wednesday = "17:00", Thursday = "17:00", Friday = "12:00" }

return mz.policy {
  api = 1,
  name = "business_hours",
  summary = "Promote while people are at work.",
  needs = {},
  timezone = "Europe/Berlin",
  poll = "1m",

  decide = function(facts)
    local now, closing = facts.now, closes[facts.now.weekday]
    if facts.deployment.age_s > 3 * 24 * 3600 then return mz.abort("staged more than three days ago") end
    if not closing or now.time < "09:00" or now.time >= closing then return mz.wait("outside business hours") end
    return mz.promote()
  end,
}
