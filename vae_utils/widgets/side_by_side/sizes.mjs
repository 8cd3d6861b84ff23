// Numbers that the worker and the page share.

/** Points in a batch. */
export const BATCH = 128;

/** The critic is asked at SIDE x SIDE points over [-REACH, REACH]^2, row by row from the top. */
export const SIDE = 36;
export const REACH = 1.5;
