-- How much a session may have, besides time and memory, which the VM itself watches. The numbers come with `start`.
local limits = {
  timers = 10000, -- that wait, per session
  variables = 200000, -- that a connection shows
  output = 16 * 2 ^ 20, -- bytes that one event may send to a connection
  values = 100000, -- in one value that is shown: encoding it is a step that nothing interrupts
}

local next, sub, type = next, string.sub, type

--- Takes over the numbers that were given.
function limits.configure(given)
  for name in next, limits do
    if type(given[name]) == "number" then limits[name] = given[name] end
  end
end

--- Says an Error that a limit was hit?
function limits.is_hit(e) return sub(e.code, 1, 6) == "LIMIT_" end

return limits
