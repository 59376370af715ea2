package io.flm.exchange;

/**
 * What a node's exchange has counted since it was opened.
 *
 * @param otherGenerationFrames dropped because their generation is not the current one: stopped members and late frames
 * @param corruptFrames dropped because a checksum or the structure was wrong
 * @param unauthenticatedFrames dropped because they were not encrypted with the generation's key
 * @param duplicateFrames dropped because their sequence number had come before
 * @param refusedDatagrams dropped because their sender was not told this node's pass
 * @param stateBytesSent of states, part of {@code bytesSent}
 * @param lostPeers how often a node was held for lost
 */
public record ExchangeCounters(
        long framesSent,
        long bytesSent,
        long framesReceived,
        long bytesReceived,
        long otherGenerationFrames,
        long corruptFrames,
        long unauthenticatedFrames,
        long duplicateFrames,
        long refusedDatagrams,
        long stateBytesSent,
        long stateBytesReceived,
        long lostPeers) {}
