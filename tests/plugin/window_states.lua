-- Loaded into Wireshark's window by window.py: writes what the plugin shows of each packet whenever the window has gone
-- through its packets, a line each: frame, states of client and server, whether provisional.
local names = {"tcpautopsy.client.state", "tcpautopsy.server.state", "tcpautopsy.provisional"}
local fields = {}
for i, name in ipairs(names) do fields[i] = Field.new(name) end
local path = os.getenv("TCPAUTOPSY_WINDOW_STATES")
local tap = Listener.new("frame")
local rows = {}

function tap.packet(pinfo)
  local cells = {pinfo.number}
  for i, field in ipairs(fields) do
    local info = field()
    cells[i + 1] = info and tostring(info.value) or "-"
  end
  rows[pinfo.number] = table.concat(cells, " ")
end

function tap.reset() rows = {} end

function tap.draw()
  local numbers = {}
  for number in pairs(rows) do numbers[#numbers + 1] = number end
  table.sort(numbers)
  local file = assert(io.open(path .. ".new", "w"))
  for _, number in ipairs(numbers) do file:write(rows[number], "\n") end
  file:close()
  os.rename(path .. ".new", path)
end
