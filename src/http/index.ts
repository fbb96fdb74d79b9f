export {
  type AxiosAdapterFunction,
  type AxiosAsked,
  type AxiosOptions,
  type AxiosRequest,
  axiosAdapter,
  type ProtectedAdapter,
} from './axios-adapter.js';
export { createFetch, type ProtectedFetch } from './create-fetch.js';
export { BodyTimeoutError, isBodyTimeoutError } from './errors.js';
export {
  type DispatchRequest,
  type Interceptor,
  type InterceptorOptions,
  interceptor,
} from './interceptor.js';
export type {
  FallbackRequest,
  FetchCallOptions,
  FetchFallback,
  FetchOptions,
  OriginOptions,
} from './options.js';
export type { FetchRequest } from './request.js';
export { retryAfterOf } from './retry-after.js';
