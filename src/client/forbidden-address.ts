/** What was to be an attribute's value would run as a script. */
export class ForbiddenAddress extends Error {}
