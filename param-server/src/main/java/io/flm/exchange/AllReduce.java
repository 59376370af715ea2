package io.flm.exchange;

import io.flm.exchange.ReduceRound.Cursor;
import io.flm.exchange.ReduceRound.Slot;
import io.flm.exchange.wire.ContributionDecoder;
import io.flm.exchange.wire.ContributionEncoder;
import io.flm.exchange.wire.MessageHeaderDecoder;
import io.flm.exchange.wire.MessageHeaderEncoder;
import io.flm.exchange.wire.SumDecoder;
import io.flm.exchange.wire.SumEncoder;
import io.flm.exchange.wire.TotalsDecoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sharded all-reduce of one group. Contributions go to the node that owns a shard; it adds them along the tree and sends the
 * sums to all. Chunks move on their own, so the first sums are back while the last contributions are still computed.
 *
 * <p>A chunk is added when its last contribution arrives, out of the transport's buffer; those that came before lie in staging
 * buffers. A sum is written to where a trainer waits for it, or else to a staging buffer. Guarded by the group's monitor.
 */
final class AllReduce {
    private static final int MESSAGE_BYTES = MessageHeaderEncoder.ENCODED_LENGTH;
    private static final int CONTRIBUTION_BYTES =
            MESSAGE_BYTES + ContributionEncoder.BLOCK_LENGTH + ContributionEncoder.valuesHeaderLength();
    private static final int SUM_BYTES = MESSAGE_BYTES + SumEncoder.BLOCK_LENGTH + SumEncoder.valuesHeaderLength();

    /** Bytes of a frame that are not values, but for the envelope. */
    static final int OVERHEAD_BYTES = Math.max(CONTRIBUTION_BYTES, SUM_BYTES);

    /** Chunks added at a time when many wait, so that the transport has its turn. */
    private static final int ADD_BURST = 8;

    private final GroupSpec spec;
    private final int node;
    private final List<Integer> localRanks;
    private final TotalsFrames totals;
    private final ShardLayout layout;
    private final TreeSum.Scratch scratch = new TreeSum.Scratch();
    private final List<TreeSum> ofSubtree = new ArrayList<>(); // adds this node's leaves of each subtree that it sends
    private final StagingBuffers staging;

    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final ContributionEncoder contribution = new ContributionEncoder();
    private final ContributionDecoder contributionIn = new ContributionDecoder();
    private final SumEncoder sum = new SumEncoder();
    private final SumDecoder sumIn = new SumDecoder();
    private final FrameValues incoming;
    private final FrameValues outgoing;

    /**
     * @param node this one
     * @param chunkBytes of values in a frame
     */
    AllReduce(GroupSpec spec, int node, int chunkBytes) {
        this.spec = spec;
        this.node = node;
        this.localRanks = spec.ranksOf(node);
        this.totals = new TotalsFrames(spec.nodeLanes(node), spec.laneCount());
        this.layout = new ShardLayout(spec, node, chunkBytes / spec.codec().bytes() / 16 * 16);
        this.staging = new StagingBuffers(spec.segments(), spec.nodeCount());
        this.incoming = new FrameValues(spec.codec());
        this.outgoing = new FrameValues(spec.codec());
        List<LaneRange> leaves = layout.localLeaves();
        int next = 0;
        for (LaneRange subtree : layout.subtrees(node)) {
            List<LaneRange> its = new ArrayList<>();
            while (next < leaves.size() && leaves.get(next).to() <= subtree.to()) {
                its.add(leaves.get(next++));
            }
            ofSubtree.add(TreeSum.of(its, subtree, spec.laneCount(), spec.codec()));
        }
    }

    /** Frees the staging buffers; nothing else may be called any more. */
    void close() {
        staging.close();
    }

    // Called by this node's trainers.

    /** A rank's contribution; the last one of the node makes the segment ready. */
    void contribute(ReduceRound round, int segment, int rank, List<Partial> partials) {
        int size = partials.get(0).values().limit();
        Slot slot = slot(round, segment, size);
        for (Partial partial : partials) {
            if (partial.values().limit() != slot.size) {
                throw new IllegalArgumentException("rank " + rank + ": segment " + segment + " with "
                        + partial.values().limit() + " floats, others have " + slot.size);
            }
        }
        slot.contributions.set(localRanks.indexOf(rank), partials);
        if (--slot.contributionsMissing > 0) {
            return;
        }
        List<FloatBuffer> buffers = new ArrayList<>();
        for (List<Partial> ofRank : slot.contributions) {
            for (Partial partial : ofRank) {
                FloatBuffer values = partial.values();
                slot.leaves[layout.firstLeaf(node) + buffers.size()] =
                        (from, into, count) -> values.get(from, into, 0, count);
                buffers.add(values);
            }
        }
        List<List<FloatBuffer>> bySubtree = new ArrayList<>();
        int next = 0;
        for (TreeSum subtree : ofSubtree) {
            bySubtree.add(buffers.subList(next, next + subtree.leafCount()));
            next += subtree.leafCount();
        }
        slot.ofSubtree = bySubtree;
        round.contributed.add(slot);
    }

    private Slot slot(ReduceRound round, int segment, int size) {
        Slot slot = round.slots[segment];
        if (slot == null) {
            slot = new Slot(segment, size, localRanks.size(), spec.nodeCount(), layout.leafCount());
            for (int each = 0; each < spec.nodeCount(); each++) {
                if (each != node) {
                    int subtrees = layout.subtrees(each).size();
                    StagingBuffer[] places = staging.contributions(segment, each, subtrees);
                    for (StagingBuffer place : places) {
                        place.of(layout.shardFrom(node, size), layout.shardTo(node, size));
                    }
                    System.arraycopy(places, 0, slot.leaves, layout.firstLeaf(each), subtrees);
                    slot.framesUnsent += (long) layout.chunkCount(each, size)
                            * layout.subtrees(node).size();
                }
                if (each == node || !layout.mirrored()) {
                    slot.chunksMissing += layout.chunkCount(each, size);
                }
            }
            staging.sums(segment).of(0, size);
            round.slots[segment] = slot;
        }
        return slot;
    }

    /** The sums of a segment that no trainer waited for. */
    StagingBuffer results(Slot slot) {
        return staging.sums(slot.segment);
    }

    // Sending.

    /** Sends one frame of a round, or of the one before, to a node; false if there is none, or no room. */
    boolean send(ReduceRound round, int to, FrameWriter out) {
        if (round.before != null && send(round.before, to, out)) {
            return true;
        }
        Cursor cursor = round.cursors[to];
        return sendSum(round, out, cursor)
                || totals.send(round, out, cursor)
                || sendContribution(round, to, out, cursor);
    }

    /** Whether a node has been sent all that it needs of this one for a complete round, and the one before. */
    boolean isSent(ReduceRound round, int to) {
        if (round.before != null && !isSent(round.before, to)) {
            return false;
        }
        Cursor cursor = round.cursors[to];
        for (Slot slot : round.contributed) {
            if (!layout.mirrored() && cursor.sums[slot.segment] < slot.added) {
                return false;
            }
        }
        return totals.areSent(cursor);
    }

    private boolean sendSum(ReduceRound round, FrameWriter out, Cursor cursor) {
        if (layout.mirrored()) {
            return false;
        }
        for (Slot slot : round.contributed) {
            int chunk = cursor.sums[slot.segment];
            if (chunk < slot.added) {
                int from = layout.chunkFrom(node, slot.size, chunk);
                int count = layout.chunkTo(node, slot.size, chunk) - from;
                int bytes = count * spec.codec().bytes();
                if (!out.claim(SUM_BYTES + bytes)) {
                    return false;
                }
                sum.wrapAndApplyHeader(out.body(), out.bodyOffset(), header)
                        .step(round.step)
                        .segment(slot.segment)
                        .first(from);
                outgoing.wrap(values(out, sum.limit(), bytes), from);
                results(slot).each(from, from + count, outgoing::copyFrom);
                out.commit();
                cursor.sums[slot.segment]++;
                return true;
            }
        }
        return false;
    }

    /** Writes the length before the values, and gives their place. */
    private static ByteBuffer values(FrameWriter out, int at, int bytes) {
        out.body().putInt(at, bytes, ByteOrder.LITTLE_ENDIAN);
        return out.bytes(at + Integer.BYTES, bytes);
    }

    private boolean sendContribution(ReduceRound round, int receiver, FrameWriter out, Cursor cursor) {
        while (cursor.segment < round.contributed.size()
                && cursor.chunk == layout.chunkCount(receiver, round.contributed.get(cursor.segment).size)) {
            cursor.segment++; // at once where the shard is empty
            cursor.chunk = 0;
        }
        if (cursor.segment == round.contributed.size()) {
            return false;
        }
        Slot slot = round.contributed.get(cursor.segment);
        int from = layout.chunkFrom(receiver, slot.size, cursor.chunk);
        int to = layout.chunkTo(receiver, slot.size, cursor.chunk);
        int bytes = (to - from) * spec.codec().bytes();
        if (!out.claim(CONTRIBUTION_BYTES + bytes)) {
            return false;
        }
        contribution
                .wrapAndApplyHeader(out.body(), out.bodyOffset(), header)
                .step(round.step)
                .segment(slot.segment)
                .subtree(cursor.subtree)
                .first(from)
                .segmentSize(slot.size);
        outgoing.wrap(values(out, contribution.limit(), bytes), from);
        List<FloatBuffer> leaves = slot.ofSubtree.get(cursor.subtree);
        try {
            if (leaves.size() == 1) {
                outgoing.copyFrom(leaves.get(0), from, from, to - from);
            } else {
                ofSubtree.get(cursor.subtree).add(leaves, from, to, outgoing, scratch);
            }
        } catch (RuntimeException | Error e) { // else all frames behind it would wait for this one
            out.abort();
            throw e;
        }
        out.commit();
        slot.framesUnsent--;
        if (++cursor.subtree == layout.subtrees(node).size()) {
            cursor.subtree = 0;
            cursor.chunk++;
        }
        return true;
    }

    // Receiving.

    /** Takes a frame of a round that has begun. */
    void receive(ReduceRound round, int sender, FrameReader frame) {
        MessageHeaderDecoder in = frame.header();
        switch (in.templateId()) {
            case ContributionDecoder.TEMPLATE_ID -> receiveContribution(round, sender, frame);
            case SumDecoder.TEMPLATE_ID -> receiveSum(round, sender, frame);
            case TotalsDecoder.TEMPLATE_ID -> totals.receive(round, frame);
            default -> throw new ProtocolException("message " + in.templateId() + " among gradients");
        }
    }

    /** The step of a gradient frame: every message begins with it. */
    static long step(FrameReader frame) {
        return frame.body().getLong(frame.bodyOffset() + MessageHeaderDecoder.ENCODED_LENGTH, ByteOrder.LITTLE_ENDIAN);
    }

    private void receiveContribution(ReduceRound round, int sender, FrameReader frame) {
        contributionIn.wrapAndApplyHeader(frame.body(), frame.bodyOffset(), frame.header());
        Slot slot = slot(round, segment(contributionIn.segment()), contributionIn.segmentSize());
        int subtrees = layout.subtrees(sender).size();
        int chunk = slot.received[sender] / subtrees;
        int from = layout.chunkFrom(node, slot.size, chunk);
        int to = layout.chunkTo(node, slot.size, chunk);
        if (contributionIn.segmentSize() != slot.size) {
            throw new ProtocolException("segment " + slot.segment + " has " + contributionIn.segmentSize()
                    + " values there, " + slot.size + " here");
        }
        ByteBuffer bytes = bytes(frame, contributionIn.limit(), from, to);
        if (bytes == null
                || chunk >= layout.chunkCount(node, slot.size)
                || contributionIn.first() != from
                || contributionIn.subtree() != slot.received[sender] % subtrees) {
            throw new ProtocolException("not the contribution that was due to segment " + slot.segment);
        }
        incoming.wrap(bytes, from);
        slot.received[sender]++;
        int leaf = layout.firstLeaf(sender) + contributionIn.subtree();
        if (slot.added == chunk && isReady(slot, chunk)) {
            TreeSum.Leaf place = slot.leaves[leaf];
            slot.leaves[leaf] = incoming;
            addChunk(slot);
            slot.leaves[leaf] = place;
        } else {
            staging.contributions(slot.segment, sender, subtrees)[contributionIn.subtree()].each(
                    from, to, incoming::copyTo);
        }
    }

    private int segment(int segment) {
        if (segment < 0 || segment >= spec.segments()) {
            throw new ProtocolException("segment " + segment + " of " + spec.segments());
        }
        return segment;
    }

    /** The values of a frame, or null if their number is another one than expected. */
    private @Nullable ByteBuffer bytes(FrameReader frame, int at, int from, int to) {
        int expected = (to - from) * spec.codec().bytes();
        return at + Integer.BYTES > frame.bodyEnd() || frame.body().getInt(at, ByteOrder.LITTLE_ENDIAN) != expected
                ? null
                : frame.bytes(at + Integer.BYTES, expected);
    }

    /** Whether all contributions to a chunk of this node's shard are here. */
    private boolean isReady(Slot slot, int chunk) {
        if (!slot.isContributed()) {
            return false;
        }
        for (int each = 0; each < spec.nodeCount(); each++) {
            if (each != node
                    && slot.received[each] < (chunk + 1) * layout.subtrees(each).size()) {
                return false;
            }
        }
        return true;
    }

    /** Adds chunks whose contributions were all here before this node's workers had theirs. */
    int addStaged(ReduceRound round) {
        int done = 0;
        for (Slot slot : round.contributed) {
            while (done < ADD_BURST && slot.added < layout.chunkCount(node, slot.size) && isReady(slot, slot.added)) {
                addChunk(slot);
                done++;
            }
        }
        return done;
    }

    @SuppressWarnings("NullAway") // every leaf is set once a segment is contributed to
    private void addChunk(Slot slot) {
        int from = layout.chunkFrom(node, slot.size, slot.added);
        int to = layout.chunkTo(node, slot.size, slot.added);
        FloatBuffer target = slot.target;
        if (layout.mirrored() && layout.chunkCount(1 - node, slot.size) - slot.framesUnsent <= slot.added) {
            target = null; // It may be a contribution, and this part of it is not sent yet.
        }
        FloatBuffer direct = target;
        if (direct == null || !layout.mirrored()) {
            StagingBuffer results = results(slot);
            layout.tree()
                    .add(
                            slot.leaves,
                            from,
                            to,
                            (at, values, count) -> {
                                results.put(at, values, count);
                                if (direct != null) {
                                    direct.put(at, values, 0, count);
                                }
                            },
                            scratch);
        } else {
            layout.tree().add(slot.leaves, from, to, (at, values, count) -> direct.put(at, values, 0, count), scratch);
        }
        if (direct == null) {
            slot.stage(from, to);
        }
        slot.added++;
        slot.chunksMissing--;
    }

    private void receiveSum(ReduceRound round, int sender, FrameReader frame) {
        sumIn.wrapAndApplyHeader(frame.body(), frame.bodyOffset(), frame.header());
        Slot slot = round.slots[segment(sumIn.segment())];
        if (slot == null || layout.mirrored()) {
            throw new ProtocolException("a sum of segment " + sumIn.segment() + " before its contributions");
        }
        int chunk = slot.sumsReceived[sender];
        int from = layout.chunkFrom(sender, slot.size, chunk);
        int to = layout.chunkTo(sender, slot.size, chunk);
        ByteBuffer bytes = bytes(frame, sumIn.limit(), from, to);
        if (bytes == null || chunk >= layout.chunkCount(sender, slot.size) || sumIn.first() != from) {
            throw new ProtocolException("not the sum that was due of segment " + slot.segment);
        }
        incoming.wrap(bytes, from);
        if (slot.target == null) {
            results(slot).each(from, to, incoming::copyTo);
            slot.stage(from, to);
        } else {
            incoming.copyTo(slot.target, from, from, to - from);
        }
        slot.sumsReceived[sender]++;
        slot.chunksMissing--;
    }
}
