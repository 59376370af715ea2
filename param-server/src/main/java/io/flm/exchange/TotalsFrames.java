package io.flm.exchange;

import io.flm.exchange.ReduceRound.Cursor;
import io.flm.exchange.wire.MessageHeaderEncoder;
import io.flm.exchange.wire.TotalsDecoder;
import io.flm.exchange.wire.TotalsEncoder;

/** The frames of the {@link LaneTotals} of a step, of as many lanes each as a frame can hold. */
final class TotalsFrames {
    private static final int FIXED_BYTES = MessageHeaderEncoder.ENCODED_LENGTH
            + TotalsEncoder.BLOCK_LENGTH
            + TotalsEncoder.LanesEncoder.sbeHeaderSize()
            + TotalsEncoder.ByHeadEncoder.sbeHeaderSize();

    private final LaneRange ownLanes;
    private final int laneCount;
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final TotalsEncoder totals = new TotalsEncoder();
    private final TotalsDecoder totalsIn = new TotalsDecoder();

    /** @param ownLanes those of this node */
    TotalsFrames(LaneRange ownLanes, int laneCount) {
        this.ownLanes = ownLanes;
        this.laneCount = laneCount;
    }

    /** Whether a node has been sent the totals of all lanes of this one. */
    boolean areSent(Cursor cursor) {
        return cursor.totals == ownLanes.count();
    }

    /** Sends the totals of the next lanes; false if there are none, or there is no room. */
    boolean send(ReduceRound round, FrameWriter out, Cursor cursor) {
        if (round.localTotalsMissing > 0 || areSent(cursor)) {
            return false;
        }
        int firstLane = ownLanes.from() + cursor.totals;
        int heads = lane(round, firstLane).targetCounts().length;
        int ofLane = TotalsEncoder.LanesEncoder.sbeBlockLength() + heads * TotalsEncoder.ByHeadEncoder.sbeBlockLength();
        int count = Math.min(ownLanes.count() - cursor.totals, (out.maxBodyLength() - FIXED_BYTES) / ofLane);
        if (count == 0) {
            throw new IllegalArgumentException("totals of " + heads + " heads do not fit a frame");
        }
        if (!out.claim(FIXED_BYTES + count * ofLane)) {
            return false;
        }
        totals.wrapAndApplyHeader(out.body(), out.bodyOffset(), header)
                .step(round.step)
                .stop(round.localStop ? 1 : 0)
                .heads(heads)
                .firstLane(firstLane);
        TotalsEncoder.LanesEncoder laneOut = totals.lanesCount(count);
        for (int lane = firstLane; lane < firstLane + count; lane++) {
            laneOut.next()
                    .tokens(lane(round, lane).tokens())
                    .samples(lane(round, lane).samples());
        }
        TotalsEncoder.ByHeadEncoder headOut = totals.byHeadCount(count * heads);
        for (int lane = firstLane; lane < firstLane + count; lane++) {
            LaneTotals its = lane(round, lane);
            for (int head = 0; head < heads; head++) {
                headOut.next()
                        .targetCount(its.targetCounts()[head])
                        .lossSum(its.lossSums()[head])
                        .correctCount(its.correctCounts()[head]);
            }
        }
        out.commit();
        cursor.totals += count;
        return true;
    }

    private static LaneTotals lane(ReduceRound round, int lane) {
        LaneTotals its = round.totals[lane];
        if (its == null) {
            throw new IllegalStateException("no totals of lane " + lane);
        }
        return its;
    }

    void receive(ReduceRound round, FrameReader frame) {
        totalsIn.wrapAndApplyHeader(frame.body(), frame.bodyOffset(), frame.header());
        int firstLane = totalsIn.firstLane();
        int heads = totalsIn.heads();
        round.stop |= totalsIn.stop() != 0;
        TotalsDecoder.LanesDecoder lanes = totalsIn.lanes();
        int count = lanes.count();
        long[][] counts = new long[count][2];
        for (int lane = 0; lane < count; lane++) {
            lanes.next();
            counts[lane][0] = lanes.tokens();
            counts[lane][1] = lanes.samples();
        }
        TotalsDecoder.ByHeadDecoder byHead = totalsIn.byHead();
        if (firstLane < 0 || firstLane + count > laneCount || byHead.count() != count * heads) {
            throw new ProtocolException("totals of lanes " + firstLane + " to " + (firstLane + count));
        }
        for (int lane = 0; lane < count; lane++) {
            long[] targetCounts = new long[heads];
            double[] lossSums = new double[heads];
            long[] correctCounts = new long[heads];
            for (int head = 0; head < heads; head++) {
                byHead.next();
                targetCounts[head] = byHead.targetCount();
                lossSums[head] = byHead.lossSum();
                correctCounts[head] = byHead.correctCount();
            }
            if (round.totals[firstLane + lane] != null) {
                throw new ProtocolException("totals of lane " + (firstLane + lane) + " again");
            }
            round.totals[firstLane + lane] = new LaneTotals(
                    firstLane + lane, targetCounts, lossSums, correctCounts, counts[lane][0], counts[lane][1]);
            round.totalsMissing--;
        }
    }
}
