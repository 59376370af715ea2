package io.flm.worker;

/** Why a worker could not go on: decides what the coordinator does about it. */
public enum FailureKind {
    /** The user's data, settings or machine: trying again would fail again. */
    USER,
    /** A shard on a server stays broken: this worker is fit, and the next generation leaves the shard out. */
    SHARD,
    /** Another member left or was lost; this worker is fit. */
    MEMBER_LOST,
    /** Anything else: this worker or its device is unfit. */
    BROKEN
}
