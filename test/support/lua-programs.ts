import * as fc from "fast-check";

const names = ["a", "b", "c", "_ENV", "self"] as const;

interface Nodes {
  expression: string;
  block: string;
}

/**
 * Lua programs that compile, and make no sense: variables of few names declared, shadowed, captured and assigned in
 * functions, loops and blocks of any nesting.
 */
export const luaProgram: fc.Arbitrary<string> = fc.letrec<Nodes>((tie: fc.LetrecTypedTie<Nodes>) => {
  const name = fc.constantFrom(...names);
  const expression = tie("expression");
  const block = tie("block");
  const text = (strings: TemplateStringsArray, ...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.tuple(...parts).map((values) => String.raw({ raw: strings }, ...values));
  const statement = fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    text`local ${name} = ${expression}`,
    text`local ${name}, ${name} = ${expression}`,
    text`local ${name} local ${name}`,
    text`local k <const> = ${expression}`,
    text`${name} = ${expression}`,
    text`${name}.${fc.constantFrom("x", "y")} = ${expression}`,
    text`g(${expression}, ${expression})`,
    text`local function ${name}(${name}) ${block} end`,
    text`function a:${fc.constantFrom("x", "y")}(${name}, ...) ${block} end`,
    text`for ${name} = 1, ${expression} do ${block} end`,
    text`for ${name}, ${name} in ${expression} do ${block} if ${expression} then break end end`,
    text`while ${expression} do ${block} end`,
    text`repeat ${block} until ${expression}`,
    text`do ${block} end`,
    text`do goto out; do ${block} end ::out:: end`,
    text`if ${expression} then ${block} elseif ${expression} then ${block} else ${block} end`,
    text`do return ${expression} end`,
    text`do local k <close> = nil ${block} end`,
    text`do local function a() ${block} end end`,
  );
  return {
    block: fc
      .array(fc.tuple(statement, fc.constantFrom("\n", " ; ", "\n\n", ` --${"\n".repeat(150)}`)), { maxLength: 4 })
      .map((lines) => lines.map(([line, end]) => line + end).join("")),
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      name,
      fc.constantFrom(
        "nil",
        "k",
        "true",
        "1",
        "-7",
        "2.5",
        "1e300",
        "0x7fffffffffffffff",
        "'é\\0\\xff'",
        `'${"long".repeat(20)}'`,
      ),
      text`(${expression} or ${expression})`,
      text`(${expression} .. ${expression} == ${expression})`,
      text`{ ${expression}, x = ${expression}, [${expression}] = ${expression} }`,
      text`function(${name}) ${block} end`,
      text`g(${expression}, 'text')`,
      text`(${expression}):m(${expression})`,
      text`(${expression} + 1 < ${expression})`,
    ),
  };
}).block;
