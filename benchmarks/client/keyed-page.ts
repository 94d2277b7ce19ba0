// What the page is compared with: the same table, written with Preact and keyed rows, as one would by hand.
import { Component, h, render, type ComponentChild } from "preact";

interface Row {
  readonly id: number;
  readonly label: string;
}

// oxfmt-ignore
const ADJECTIVES = ["pretty", "large", "big", "small", "tall", "short", "long", "handsome", "plain", "quaint", "clean",
  "elegant", "easy", "angry", "crazy", "helpful", "mushy", "odd", "unsightly", "adorable", "important", "inexpensive",
  "cheap", "expensive", "fancy"];
const COLOURS = ["red", "yellow", "blue", "green", "pink", "brown", "purple", "brown", "white", "black", "orange"];
// oxfmt-ignore
const NOUNS = ["table", "chair", "house", "bbq", "desk", "car", "pony", "cookie", "sandwich", "burger", "pizza", "mouse",
  "keyboard"];

let last = 0;

function any(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? "";
}

function build(count: number): Row[] {
  return Array.from({ length: count }, () => ({
    id: ++last,
    label: `${any(ADJECTIVES)} ${any(COLOURS)} ${any(NOUNS)}`,
  }));
}

interface RowProps {
  row: Row;
  selected: boolean;
  select: (id: number) => void;
  remove: (id: number) => void;
}

class RowView extends Component<RowProps> {
  select = (): void => this.props.select(this.props.row.id);
  remove = (): void => this.props.remove(this.props.row.id);

  override shouldComponentUpdate({ row, selected }: RowProps): boolean {
    return row !== this.props.row || selected !== this.props.selected;
  }

  override render({ row, selected }: RowProps): ComponentChild {
    return h(
      "tr",
      { class: selected ? "danger" : "" },
      h("td", null, row.id),
      h("td", null, h("a", { class: "label", onClick: this.select }, row.label)),
      h("td", null, h("a", { class: "remove", onClick: this.remove }, h("span", { "aria-hidden": "true" }))),
      h("td", null),
    );
  }
}

interface State {
  rows: readonly Row[];
  selected: number;
}

class App extends Component<object, State> {
  override state: State = { rows: [], selected: 0 };
  create = (): void => this.setState({ rows: build(1_000), selected: 0 });
  createMany = (): void => this.setState({ rows: build(10_000), selected: 0 });
  append = (): void => this.setState(({ rows }) => ({ rows: [...rows, ...build(1_000)] }));
  update = (): void =>
    this.setState(({ rows }) => ({
      rows: rows.map((row, index) => (index % 10 === 0 ? { ...row, label: `${row.label} !!!` } : row)),
    }));
  swap = (): void =>
    this.setState(({ rows }) => {
      const [second, late] = [rows[1], rows[998]];
      return { rows: second && late ? rows.with(1, late).with(998, second) : rows };
    });
  clear = (): void => this.setState({ rows: [], selected: 0 });
  select = (id: number): void => this.setState({ selected: id });
  remove = (id: number): void => this.setState(({ rows }) => ({ rows: rows.filter((row) => row.id !== id) }));

  override render(_: object, { rows, selected }: State): ComponentChild[] {
    const button = (id: string, text: string, onClick: () => void): ComponentChild =>
      h("button", { id, onClick }, text);
    return [
      h(
        "header",
        null,
        button("create", "Create 1,000 rows", this.create),
        button("create-many", "Create 10,000 rows", this.createMany),
        button("append", "Append 1,000 rows", this.append),
        button("update", "Update every 10th row", this.update),
        button("swap", "Swap rows", this.swap),
        button("clear", "Clear", this.clear),
      ),
      h(
        "table",
        null,
        h(
          "tbody",
          { id: "rows" },
          rows.map((row) =>
            h(RowView, { key: row.id, row, selected: row.id === selected, select: this.select, remove: this.remove }),
          ),
        ),
      ),
    ];
  }
}

const place = document.querySelector("[ui-app]");
if (place) render(h(App, null), place);
