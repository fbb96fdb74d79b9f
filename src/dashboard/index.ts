export type { ResilienceSource, WatchedResilience } from '../core/resilience-source.js';
export type { Action, ActionRecord } from './action.js';
export { type Dashboard, dashboard } from './dashboard.js';
export type { FetchContext } from './fetch.js';
export type { NodeRequest, NodeResponse } from './node.js';
export type {
  AuthorizeAnswer,
  AuthorizeRequest,
  DashboardHistory,
  DashboardOptions,
  RequestHeaders,
} from './options.js';
export type {
  DashboardBreaker,
  DashboardEvents,
  DashboardFleet,
  DashboardRegistry,
  FleetView,
} from './target.js';
