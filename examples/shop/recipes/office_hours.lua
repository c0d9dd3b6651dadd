-- office_hours: blue_green, but swaps only while somebody is at work who can look at it.
--
-- Outside of the hours it waits for the next morning, and stays staged meanwhile.

local OPENS, CLOSES = 9, 17

-- The hour of the day in UTC, with minutes as a fraction.
local function hour() return mz.now() % 86400 / 3600 end

return mz.recipe {
  api = 1,
  name = "office_hours",
  summary = "Like blue_green, but swaps only during office hours.",
  extends = "blue_green",
  hooks = {
    before_swap = function()
      local now = hour()
      if now < OPENS or now >= CLOSES then
        local wait = (OPENS - now) % 24
        mz.log(string.format("closed: waiting %.1f h", wait))
        mz.sleep(wait * 3600)
      end
    end,
  },
}
