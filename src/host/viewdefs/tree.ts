import { html, type DefaultTreeAdapterTypes } from "parse5";
import type { Place } from "./problem.ts";

export type Element = DefaultTreeAdapterTypes.Element;
export type ParentNode = DefaultTreeAdapterTypes.ParentNode;

/** The element children of a node. */
export function children(parent: ParentNode): Element[] {
  return parent.childNodes.filter((node): node is Element => "tagName" in node);
}

/** The content of a `<template>`; undefined for everything else. */
export function contentOf(element: Element): ParentNode | undefined {
  return "content" in element ? (element as DefaultTreeAdapterTypes.Template).content : undefined;
}

/** True for elements of SVG and MathML. */
export function isForeign(element: Element): boolean {
  return element.namespaceURI !== html.NS.HTML;
}

/** Where the element begins. */
export function elementPlace(element: Element | undefined): Place | undefined {
  const location = element?.sourceCodeLocation;
  return location ? { line: location.startLine, column: location.startCol } : undefined;
}

/** Where an attribute stands, and its name with the capitals it has in `source`. */
export function attributePlace(
  element: Element,
  name: string,
  source: string,
): { place: Place | undefined; written: string } {
  const location = element.sourceCodeLocation?.attrs?.[name];
  if (!location) return { place: elementPlace(element), written: name };
  const written = source.slice(location.startOffset, location.startOffset + name.length);
  return {
    place: { line: location.startLine, column: location.startCol },
    written: written.toLowerCase() === name ? written : name,
  };
}
