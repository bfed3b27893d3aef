export { amqpBroker } from "./broker.ts";
export type { AmqpBrokerOptions, Connect } from "./options.ts";
