/** More instances in one value are refused: each costs memory, whatever it holds. */
export const mostItems = 1000;
