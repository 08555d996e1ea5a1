/**
 * The actions of `kata-metrics runtime`, known before the command is loaded.
 */
export const runtimeActions = ['install', 'uninstall'] as const;
export type RuntimeAction = (typeof runtimeActions)[number];
