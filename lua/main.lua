-- The demo's shell: one app object with four pages, of which it shows one.
-- Every page is a module in a folder of its own, loaded when somebody first opens it.

local Page = session:prototype("Page", {
  title = "",
  icon = "",
  module = "",
  content = EMPTY,
  app = EMPTY,
})

function Page:isCurrent()
  return self.app.page == self
end

-- Attributes that are nil are not there: only the current page has `aria-current`.
function Page:ariaCurrent()
  return self:isCurrent() and "page" or nil
end

function Page:open()
  self.app:show(self)
end

local App = session:prototype("App", {
  pages = EMPTY,
  page = EMPTY,
})

-- A page that must know whether it is on the screen has `enter` and `leave`; the board stops its timer there.
function App:show(page)
  if page == self.page then
    return
  end
  page.content = page.content or require(page.module):new()
  local left = self.page
  self.page = page
  if left and left.content.leave then
    left.content:leave()
  end
  if page.content.enter then
    page.content:enter()
  end
end

-- This file runs again when it is reloaded; the app is there already then, with all that people did in it.
if not session:getApp() then
  local app = App:new()
  app.pages = {
    Page:new({ app = app, title = "Contacts", icon = "people", module = "contacts.book" }),
    Page:new({ app = app, title = "Tasks", icon = "check2-square", module = "tasks.list" }),
    Page:new({ app = app, title = "Live board", icon = "activity", module = "board.board" }),
    Page:new({ app = app, title = "Gallery", icon = "grid", module = "gallery.gallery" }),
  }
  app:show(app.pages[1])
  session:createAppVariable(app)
end
