/** A call as machinery's JSON, of the same bytes as ours: what the bare loops and clients of the benchmarks move. */
export type RawCall = ReturnType<typeof rawCall>;

/** Ids are as long as ours: "task_" and 22 characters. */
export function rawCall(index: number) {
  return {
    UUID: `task_${String(index).padStart(22, "0")}`,
    Name: "add",
    RoutingKey: "machinery_tasks",
    ETA: null,
    GroupUUID: "",
    GroupTaskCount: 0,
    Args: [
      { Name: "", Type: "int64", Value: index },
      { Name: "", Type: "int64", Value: 1 },
    ],
    Headers: { "wfe-sent": String(Date.now()) },
    Priority: 0,
    Immutable: false,
    RetryCount: 0,
    RetryTimeout: 0,
    OnSuccess: null,
    OnError: null,
    ChordCallback: null,
    BrokerMessageGroupId: "",
    SQSReceiptHandle: "",
    StopTaskDeletionOnError: false,
    IgnoreWhenTaskNotRegistered: false,
  };
}
