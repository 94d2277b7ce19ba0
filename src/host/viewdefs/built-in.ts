/**
 * Viewdefs that every site has; a file of the same name takes their place. They show an array by
 * `ui-view="contacts?wrapper=lua.ViewList"`: the list, its rows, and in each row the element's own view.
 */
export const BUILT_IN: Readonly<Record<string, string>> = {
  "lua.ViewList.DEFAULT": `<template><div ui-viewlist="items"></div></template>`,
  "lua.ViewListItem.DEFAULT": `<template><div ui-view="item"></div></template>`,
};
