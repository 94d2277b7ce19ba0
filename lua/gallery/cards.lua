-- The table from which the gallery is made: sections, their cards, and on each card an example, a sentence, and the
-- fields whose values are worth watching. The source comes from sources.lua.

local actions = require("gallery.actions")
local fields = require("gallery.fields")
local lists = require("gallery.lists")
local looks = require("gallery.looks")
local paths = require("gallery.paths")
local views = require("gallery.views")

return {
  {
    title = "Fields",
    note = "ui-value keeps a control and a field of a Lua object the same, in both directions and with the field's type.",
    cards = {
      { fields.Text, "Text", "Written when the field is left, or with each key by <code>?keypress</code>.", { "name", "town" } },
      { fields.Number, "Number", "Arrives as a Lua number; whole ones stay integers.", { "count", "price" } },
      { fields.Checkbox, "Checkbox", "True or false.", { "agreed" } },
      { fields.Radio, "Radio buttons", "All bound to one field; the checked one's value is in it.", { "size" } },
      { fields.Select, "Select", "The value of the chosen option.", { "drink" } },
      { fields.SelectMultiple, "Select several", "An array of values.", { "toppings" } },
      { fields.Range, "Range", "While moving, by <code>?keypress</code>.", { "volume" } },
      { fields.Date, "Date and time", "Text in the form 2026-03-20 and 09:30.", { "day", "time" } },
      { fields.Textarea, "Text area", "Several lines.", { "note" } },
      { fields.Editable, "contenteditable", "Any element that can be edited.", { "headline" } },
      { fields.Output, "Elements that only show", "Text in a span, the value of a progress bar or a meter.", { "percent" } },
    },
  },
  {
    title = "Shoelace",
    note = "Web components work like the browser's own controls. These are served from this machine.",
    cards = {
      { fields.SlInput, "sl-input", "Text and number.", { "city", "guests" } },
      { fields.SlTextarea, "sl-textarea", "Several lines.", { "note" } },
      { fields.SlCheckbox, "sl-checkbox, sl-switch", "True or false.", { "news", "airplane" } },
      { fields.SlRadio, "sl-radio-group", "The group has the value.", { "plan" } },
      { fields.SlSelect, "sl-select", "The value of the chosen option.", { "fruit" } },
      { fields.SlSelectMultiple, "sl-select multiple", "An array of values.", { "days" } },
      { fields.SlRange, "sl-range, sl-rating", "Numbers.", { "level", "stars" } },
      { fields.SlDate, "sl-input type=date", "Text in the form 2026-06-21.", { "day" } },
      { fields.SlColor, "sl-color-picker", "Text in the form #6d5dfc.", { "colour" } },
    },
  },
  {
    title = "Actions",
    note = "What people do becomes a method call on the Lua object that the view shows.",
    cards = {
      { actions.Action, "ui-action", "Calls a method on click; arguments are literals, or <code>_</code> for the element's value.", { "count" } },
      { actions.Event, "ui-event-*", "Any event of the element; <code>(_)</code> passes on its data.", { "inside", "pokes", "seen" } },
      { actions.Key, "ui-event-keypress-*", "One key, with exactly these modifiers. What was typed arrives before the key.", { "text", "pressed" } },
      { actions.Form, "A form", "Says what is wrong at fields that were used; is sent once, and what is typed before it; asks before it is left half done.", { "mail", "code", "sent" } },
    },
  },
  {
    title = "Looks",
    note = "Attributes, classes, styles and markup follow fields and methods.",
    cards = {
      { looks.Attr, "ui-attr-*", "nil and false take the attribute away; <code>!</code> turns a value round.", { "locked", "tip" } },
      { looks.Class, "ui-class-*", "There while the value is true.", { "loud", "round" } },
      { looks.Style, "ui-style-*", "Properties and custom properties.", { "width", "hue" } },
      { looks.Html, "ui-html", "Markup from Lua, without whatever could run.", { "source" } },
      { looks.Replace, "ui-html with ?replace", "Takes the place of its element.", { "strong" } },
    },
  },
  {
    title = "Views",
    note = "An object's type chooses its viewdef: TYPE.NAMESPACE.html.",
    cards = {
      { views.View, "ui-view", "Shows whatever object is there, each by the viewdef of its type.", {} },
      { views.List, "ui-viewlist", "One view for each element; a row that moves keeps what is typed in it.", {} },
      { lists.Window, "?window", "However many rows there are, the page has those in sight; the scroll bar is that of all.", {} },
      { lists.Log, "?last", "Shows the last elements only; with <code>scrollOnOutput</code> it follows them until you scroll up.", {} },
      { views.ItemWrapper, "?itemWrapper", "A presenter for each row, made once, with the element in <code>baseItem</code>.", {} },
      { views.ViewList, "?wrapper=lua.ViewList", "Rows that know their <code>index</code> and can <code>remove()</code> themselves.", {} },
      { views.Namespace, "ui-namespace", "The same object, shown in other ways.", {} },
      { views.Wrapper, "?wrapper", "A presenter between a value and its view.", { "degrees" } },
    },
  },
  {
    title = "Paths",
    note = "Where a binding looks, starting from the object that the view shows.",
    cards = {
      { paths.Path, "Fields, indexes, methods", "A path that leads through nil is empty, not an error.", { "hidden" } },
      { paths.Up, "..", "The object of the view around this one.", { "total" } },
      { paths.Access, "?access", "A method that reads without and writes with an argument; a field that is only read.", { "celsius" } },
      { paths.Priority, "?priority", "High is read before medium, medium before low.", { "asked", "order" } },
      { paths.Create, "?create", "Makes an object where there is none.", { "draft" } },
      { paths.Scroll, "?scrollOnOutput", "Stays at the end while lines are added.", {} },
      { paths.Code, "ui-code", "Off, unless the host allows it.", {} },
    },
  },
}
