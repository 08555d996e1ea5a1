/**
 * Messages and services: the ttrpc envelope, google.rpc.Status, the API of the guest agent, and that of the container
 * manager. Generated from the .proto files of this folder by `node scripts/generate-proto.ts`. Contains no transport.
 */
export type {
  AgentDetails,
  BlkioStats,
  BlkioStatsEntry,
  CgroupStats,
  CpuStats,
  CpuUsage,
  GetMetricsRequest,
  GetOOMEventRequest,
  GuestDetailsRequest,
  GuestDetailsResponse,
  HugetlbStats,
  MemoryData,
  MemoryStats,
  Metrics,
  NetworkStats,
  OOMEvent,
  PidsStats,
  ReadExporterRequest,
  ReadExporterResponse,
  StatsContainerRequest,
  StatsContainerResponse,
  ThrottlingData,
} from './gen/agent_pb.ts';
export {
  AgentService,
  ExporterService,
  GetMetricsRequestSchema,
  GetOOMEventRequestSchema,
  GuestDetailsRequestSchema,
  GuestDetailsResponseSchema,
  MetricsSchema,
  OOMEventSchema,
  ReadExporterRequestSchema,
  ReadExporterResponseSchema,
  StatsContainerRequestSchema,
  StatsContainerResponseSchema,
} from './gen/agent_pb.ts';
export type { Container, ContainerStats, PodSandbox, UInt64Value, VersionResponse } from './gen/cri_pb.ts';
export { ContainerState, RuntimeService } from './gen/cri_pb.ts';
export type { Status } from './gen/google/rpc/status_pb.ts';
export { StatusSchema } from './gen/google/rpc/status_pb.ts';
export type { CheckRequest, HealthCheckResponse, VersionCheckResponse } from './gen/health_pb.ts';
export {
  CheckRequestSchema,
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthCheckResponseSchema,
  VersionCheckResponseSchema,
} from './gen/health_pb.ts';
export type { KeyValue, Request, Response } from './gen/ttrpc_pb.ts';
export { KeyValueSchema, RequestSchema, ResponseSchema } from './gen/ttrpc_pb.ts';
