package io.flm.worker;

/** A message that crosses nodes; any other message stays in its JVM. Serialized as CBOR. */
public interface WireMessage {}
