/** What the test on the host tells the program in the guest; neither is cut in two, for it comes alone. */
export const DIE_WORD = 'die now';
export const CLOSE_WORD = 'close now';
