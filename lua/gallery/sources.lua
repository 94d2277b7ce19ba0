-- What the cards show as source: the inside of each example's viewdef, and of those that it uses.
-- test/flow/demo-gallery.test.ts compares them with the files.

return {
  ["Gallery.Text"] = [[
<label>While typing <input ui-value="name?keypress" /></label>
<label>When leaving <input ui-value="town" /></label>
<p>Hello <b ui-value="name"></b> from <b ui-value="town"></b>!</p>]],
  ["Gallery.Number"] = [[
<label>Whole <input type="number" ui-value="count" /></label>
<label>With a fraction <input type="number" step="0.1" ui-value="price" /></label>]],
  ["Gallery.Checkbox"] = [[
<label class="inline"><input type="checkbox" ui-value="agreed" /> I agree</label>]],
  ["Gallery.Radio"] = [[
<label class="inline"><input type="radio" name="size" value="small" ui-value="size" /> Small</label>
<label class="inline"><input type="radio" name="size" value="medium" ui-value="size" /> Medium</label>
<label class="inline"><input type="radio" name="size" value="large" ui-value="size" /> Large</label>]],
  ["Gallery.Select"] = [[
<select aria-label="Drink" ui-value="drink">
  <option value="coffee">Coffee</option>
  <option value="tea">Tea</option>
  <option value="water">Water</option>
</select>]],
  ["Gallery.SelectMultiple"] = [[
<select multiple size="4" aria-label="Toppings" ui-value="toppings">
  <option value="basil">Basil</option>
  <option value="capers">Capers</option>
  <option value="olives">Olives</option>
  <option value="rocket">Rocket</option>
</select>]],
  ["Gallery.Range"] = [[
<input type="range" min="0" max="100" aria-label="Volume" ui-value="volume?keypress" />
<p>Volume <b ui-value="volume"></b></p>]],
  ["Gallery.Date"] = [[
<label>Day <input type="date" ui-value="day" /></label>
<label>Time <input type="time" ui-value="time" /></label>]],
  ["Gallery.Textarea"] = [[
<textarea rows="3" aria-label="Note" ui-value="note?keypress"></textarea>]],
  ["Gallery.Editable"] = [[
<h4 contenteditable="true" aria-label="Headline" ui-value="headline?keypress"></h4>]],
  ["Gallery.Output"] = [[
<input type="range" min="0" max="100" aria-label="Percent" ui-value="percent?keypress" />
<p><span ui-value="percent"></span> %</p>
<progress max="100" ui-value="percent"></progress>
<meter max="100" ui-value="percent"></meter>
<sl-progress-bar ui-value="percent"></sl-progress-bar>]],
  ["Gallery.SlInput"] = [[
<sl-input label="City" clearable ui-value="city?keypress"></sl-input>
<sl-input label="Guests" type="number" min="1" ui-value="guests"></sl-input>]],
  ["Gallery.SlTextarea"] = [[
<sl-textarea label="Note" rows="2" resize="auto" ui-value="note?keypress"></sl-textarea>]],
  ["Gallery.SlCheckbox"] = [[
<sl-checkbox ui-value="news">Send me news</sl-checkbox>
<sl-switch ui-value="airplane">Airplane mode</sl-switch>]],
  ["Gallery.SlRadio"] = [[
<sl-radio-group label="Pay" ui-value="plan">
  <sl-radio-button value="monthly">Monthly</sl-radio-button>
  <sl-radio-button value="yearly">Yearly</sl-radio-button>
  <sl-radio-button value="never">Never</sl-radio-button>
</sl-radio-group>]],
  ["Gallery.SlSelect"] = [[
<sl-select label="Fruit" hoist ui-value="fruit">
  <sl-option value="apple">Apple</sl-option>
  <sl-option value="pear">Pear</sl-option>
  <sl-option value="plum">Plum</sl-option>
</sl-select>]],
  ["Gallery.SlSelectMultiple"] = [[
<sl-select label="Days" multiple clearable hoist ui-value="days">
  <sl-option value="mon">Monday</sl-option>
  <sl-option value="tue">Tuesday</sl-option>
  <sl-option value="wed">Wednesday</sl-option>
  <sl-option value="thu">Thursday</sl-option>
</sl-select>]],
  ["Gallery.SlRange"] = [[
<sl-range label="Level" min="0" max="100" ui-value="level?keypress"></sl-range>
<sl-rating label="Stars" ui-value="stars"></sl-rating>]],
  ["Gallery.SlDate"] = [[
<sl-input label="Day" type="date" ui-value="day"></sl-input>]],
  ["Gallery.SlColor"] = [[
<sl-color-picker label="Colour" hoist ui-value="colour"></sl-color-picker>
<span class="swatch" ui-style-background-color="colour"></span>]],
  ["Gallery.Action"] = [[
<p class="big" ui-value="count"></p>
<sl-button ui-action="add(1)?repeat">Add 1</sl-button>
<sl-button ui-action="add(10)?repeat">Add 10</sl-button>
<button value="42" ui-action="set(_)">My value is 42</button>
<button value="0" ui-attr-disabled="isZero()" ui-action="set(_)">Back to 0</button>]],
  ["Gallery.Form"] = [[
<form ui-pending ui-guard="isDirty()" ui-event-submit="send()">
  <label>E-mail <input autocomplete="off" ui-value="mail?debounce=300" /></label>
  <p class="wrong" ui-error="mailError()"></p>
  <label>Code <input autocomplete="off" ui-value="letters()?access=rw&keypress&overwrite" /></label>
  <p class="wrong" ui-error="codeError()"></p>
  <button>Send</button>
  <button type="reset">Empty</button>
</form>]],
  ["Gallery.Event"] = [[
<div
  class="pad"
  tabindex="0"
  ui-class-hot="inside"
  ui-event-pointerenter="enter()"
  ui-event-pointerleave="leave()"
  ui-event-dblclick="poke()"
  ui-event-click="notice(_)"
>
  Come in, click, double click
</div>]],
  ["Gallery.Key"] = [[
<input
  placeholder="Type, then Enter or Escape"
  ui-value="text"
  ui-event-keypress-enter="enter()"
  ui-event-keypress-escape="clear()"
/>
<div
  class="pad"
  tabindex="0"
  ui-event-keypress-left="press(_)"
  ui-event-keypress-right="press(_)"
  ui-event-keypress-ctrl-k="press('Ctrl and K')"
  ui-event-keypress-shift-a="press('a capital A')"
  ui-event-keypress-f2="press('F2')"
>
  Click here, then press ←, →, Ctrl K, A or F2
</div>]],
  ["Gallery.Attr"] = [[
<label class="inline"><input type="checkbox" ui-value="locked" /> Locked</label>
<input aria-label="Title" ui-value="tip?keypress" ui-attr-disabled="locked" ui-attr-title="tip" />
<p ui-attr-hidden="!locked">Unlock it to write.</p>]],
  ["Gallery.Class"] = [[
<label class="inline"><input type="checkbox" ui-value="loud" /> Loud</label>
<label class="inline"><input type="checkbox" ui-value="round" /> Round</label>
<span class="badge" ui-class-loud="loud" ui-class-round="round">Classes</span>]],
  ["Gallery.Style"] = [[
<label>Width <input type="range" min="5" max="100" ui-value="width?keypress" /></label>
<label>Hue <input type="range" min="0" max="360" ui-value="hue?keypress" /></label>
<div class="bar" ui-style-width="percent()" ui-style---hue="hue"></div>]],
  ["Gallery.Html"] = [[
<textarea rows="4" aria-label="Markup" ui-value="source?keypress"></textarea>
<div class="html" ui-html="source"></div>]],
  ["Gallery.Replace"] = [[
<p>This word is <span ui-html="markup()?replace"></span>.</p>
<button ui-action="change()">Change it</button>]],
  ["Gallery.View"] = [[
<button ui-action="circle()">Circle</button>
<button ui-action="poem()">Poem</button>
<button ui-action="nothing()">nil</button>
<div class="stage"><div ui-view="current"></div></div>

<!-- Gallery.Circle.DEFAULT.html -->
<div class="circle" ui-style-width="diameter()" ui-style-height="diameter()"></div>

<!-- Gallery.Poem.DEFAULT.html -->
<em class="poem" ui-value="line"></em>]],
  ["Gallery.List"] = [[
<button ui-action="add()">Add</button>
<button ui-action="dropFirst()">Drop the first</button>
<button ui-action="reverse()">Reverse</button>
<div class="list" ui-viewlist="fruits"><div></div></div>

<!-- Gallery.Fruit.list-item.html -->
<div class="fruit">
  <span ui-value="name"></span>
  <input placeholder="I move with my row" ui-value="note?keypress" />
</div>]],
  ["Gallery.Window"] = [[
<button ui-action="fill(100000)">Make it 100,000</button>
<button ui-action="addFirst()">One more in front</button>
<button ui-action="reverse()">Reverse</button>
<p><b ui-value="count()"></b> rows</p>
<div class="lines tall" ui-viewlist="entries?window"><div></div></div>

<!-- Gallery.Entry.list-item.html -->
<div class="fruit"><span ui-value="number"></span><input aria-label="Note" ui-value="note" /></div>]],
  ["Gallery.Log"] = [[
<button ui-action="write(1)">Write a line</button>
<button ui-action="write(25)">Write 25</button>
<p><b ui-value="count()"></b> lines, of which the page has the last 20</p>
<div class="lines" ui-viewlist="lines?last=20&scrollOnOutput"><div></div></div>]],
  ["Gallery.ItemWrapper"] = [[
<div class="list" ui-viewlist="stops?itemWrapper=GalleryStopRow"><div></div></div>

<!-- GalleryStopRow.list-item.html -->
<div class="stop">
  <span ui-value="number()"></span>
  <b ui-value="baseItem.name"></b>
  <span ui-attr-hidden="!open" ui-value="baseItem.note"></span>
  <button ui-action="toggle()">Note</button>
  <button ui-action="drop()">Remove</button>
</div>]],
  ["Gallery.ViewList"] = [[
<div ui-view="stops?wrapper=lua.ViewList"></div>

<!-- lua.ViewList.DEFAULT.html -->
<div class="list" ui-viewlist="items"><div></div></div>

<!-- lua.ViewListItem.list-item.html -->
<div class="stop">
  <span class="index" ui-value="index"></span>
  <div ui-view="item"></div>
  <button ui-action="remove()">Remove</button>
</div>

<!-- Gallery.Stop.list-item.html -->
<b ui-value="name"></b>]],
  ["Gallery.Namespace"] = [[
<div ui-view="moon"></div>
<div ui-view="moon" ui-namespace="badge"></div>
<div ui-view="moon" ui-namespace="form"></div>

<!-- Gallery.Moon.DEFAULT.html -->
<p><b ui-value="name"></b> goes around <b ui-value="planet"></b>.</p>

<!-- Gallery.Moon.badge.html -->
<span class="badge loud round" ui-value="name"></span>

<!-- Gallery.Moon.form.html -->
<label>Name <input ui-value="name?keypress" /></label>]],
  ["Gallery.Wrapper"] = [[
<input type="range" min="-20" max="40" aria-label="Degrees" ui-value="degrees?keypress" />
<p><b ui-value="degrees"></b> °C</p>
<div ui-view="degrees?wrapper=GalleryThermometer"></div>

<!-- GalleryThermometer.DEFAULT.html -->
<p><b ui-value="fahrenheit()"></b>, that is <span ui-value="feeling()"></span></p>]],
  ["Gallery.Path"] = [[
<label class="inline"><input type="checkbox" ui-value="hidden" /> Hidden</label>
<dl ui-attr-hidden="hidden">
  <div><dt>person.address.city</dt><dd ui-value="person.address.city"></dd></div>
  <div><dt>steps.0</dt><dd ui-value="steps.0"></dd></div>
  <div><dt>fullName()</dt><dd ui-value="fullName()"></dd></div>
  <div><dt>repeated('ha', 3)</dt><dd ui-value="repeated('ha', 3)"></dd></div>
  <div><dt>person.nobody.name</dt><dd ui-value="person.nobody.name"></dd></div>
</dl>
<p ui-attr-hidden="!hidden">!hidden turns it round.</p>]],
  ["Gallery.Up"] = [[
<div class="list" ui-viewlist="children"><div></div></div>

<!-- Gallery.Child.list-item.html -->
<div class="fruit">
  <button ui-action="../count()" ui-value="name"></button>
  <span>Together <b ui-value="../total"></b></span>
</div>]],
  ["Gallery.Access"] = [[
<label>°C <input type="number" ui-value="celsius" /></label>
<label>°F <input type="number" ui-value="fahrenheit()?access=rw" /></label>
<label>Read only <input ui-value="celsius?access=r" readonly /></label>]],
  ["Gallery.Priority"] = [[
<button ui-action="ask()">Ask both</button>
<p>
  <span ui-value="note('medium')"></span> and
  <span ui-value="note('high')?priority=high"></span>
</p>
<p>First was <b class="first" ui-value="order?priority=low"></b></p>]],
  ["Gallery.Create"] = [[
<div ui-view="draft?create=GalleryDraft"></div>

<!-- GalleryDraft.DEFAULT.html -->
<label>A draft <input ui-value="text?keypress" /></label>]],
  ["Gallery.Scroll"] = [[
<button ui-action="add()">Add a line</button>
<div class="lines" ui-viewlist="lines?scrollOnOutput"><div></div></div>

<!-- Gallery.Line.list-item.html -->
<div ui-value="text"></div>]],
  ["Gallery.Code"] = [[
<div ui-code="script"></div>]],
}
