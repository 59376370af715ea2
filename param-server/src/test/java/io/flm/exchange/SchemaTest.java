package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.exchange.wire.ContributionDecoder;
import io.flm.exchange.wire.ContributionEncoder;
import io.flm.exchange.wire.EnvelopeDecoder;
import io.flm.exchange.wire.EnvelopeEncoder;
import io.flm.exchange.wire.HelloDecoder;
import io.flm.exchange.wire.HelloEncoder;
import io.flm.exchange.wire.LeaveDecoder;
import io.flm.exchange.wire.LeaveEncoder;
import io.flm.exchange.wire.MessageHeaderDecoder;
import io.flm.exchange.wire.MessageHeaderEncoder;
import io.flm.exchange.wire.RingAnswer;
import io.flm.exchange.wire.StateBeginDecoder;
import io.flm.exchange.wire.StateBeginEncoder;
import io.flm.exchange.wire.StateChunkDecoder;
import io.flm.exchange.wire.StateChunkEncoder;
import io.flm.exchange.wire.StateEndDecoder;
import io.flm.exchange.wire.StateEndEncoder;
import io.flm.exchange.wire.StateRequestDecoder;
import io.flm.exchange.wire.StateRequestEncoder;
import io.flm.exchange.wire.SumDecoder;
import io.flm.exchange.wire.SumEncoder;
import io.flm.exchange.wire.TotalsDecoder;
import io.flm.exchange.wire.TotalsEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Each message of the transport, written and read again. */
class SchemaTest {
    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[1024]);
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final MessageHeaderDecoder headerIn = new MessageHeaderDecoder();

    @Test
    void envelope() {
        new EnvelopeEncoder()
                .wrapAndApplyHeader(buffer, 0, header)
                .generation(1L << 40)
                .sequence(-2)
                .node(65_000)
                .encrypted(1)
                .checksum(0xffff_fffdL);
        EnvelopeDecoder in = new EnvelopeDecoder().wrapAndApplyHeader(buffer, 0, headerIn);
        assertThat(in.generation()).isEqualTo(1L << 40);
        assertThat(in.sequence()).isEqualTo(-2);
        assertThat(in.node()).isEqualTo(65_000);
        assertThat(in.encrypted()).isEqualTo(1);
        assertThat(in.checksum()).isEqualTo(0xffff_fffdL);
        assertThat(FrameWriter.ENVELOPE_BYTES).isEqualTo(32);
    }

    @Test
    void hello() {
        new HelloEncoder()
                .wrapAndApplyHeader(buffer, 0, header)
                .spec(-7)
                .chunkBytes(65_000)
                .ringAnswer(RingAnswer.NOT_TAKEN)
                .ring("folder/ring");
        HelloDecoder in = new HelloDecoder().wrapAndApplyHeader(buffer, 0, headerIn);
        assertThat(in.spec()).isEqualTo(-7);
        assertThat(in.chunkBytes()).isEqualTo(65_000);
        assertThat(in.ringAnswer()).isEqualTo(RingAnswer.NOT_TAKEN);
        assertThat(in.ring()).isEqualTo("folder/ring");
    }

    @Test
    void contribution() {
        new ContributionEncoder()
                .wrapAndApplyHeader(buffer, 0, header)
                .step(1204)
                .segment(3)
                .subtree(2)
                .first(400_000)
                .segmentSize(9_000_000)
                .putValues(new byte[] {1, 2, 3, 4}, 0, 4);
        ContributionDecoder in = new ContributionDecoder().wrapAndApplyHeader(buffer, 0, headerIn);
        byte[] values = new byte[4];
        assertThat(in.step()).isEqualTo(1204);
        assertThat(in.segment()).isEqualTo(3);
        assertThat(in.subtree()).isEqualTo(2);
        assertThat(in.first()).isEqualTo(400_000);
        assertThat(in.segmentSize()).isEqualTo(9_000_000);
        assertThat(in.getValues(values, 0, 4)).isEqualTo(4);
        assertThat(values).containsExactly(1, 2, 3, 4);
    }

    @Test
    void sum() {
        new SumEncoder()
                .wrapAndApplyHeader(buffer, 0, header)
                .step(1204)
                .segment(3)
                .first(400_000)
                .putValues(new byte[] {1, 2}, 0, 2);
        SumDecoder in = new SumDecoder().wrapAndApplyHeader(buffer, 0, headerIn);
        byte[] values = new byte[2];
        assertThat(in.step()).isEqualTo(1204);
        assertThat(in.segment()).isEqualTo(3);
        assertThat(in.first()).isEqualTo(400_000);
        assertThat(in.getValues(values, 0, 2)).isEqualTo(2);
        assertThat(values).containsExactly(1, 2);
    }

    @Test
    void totals() {
        TotalsEncoder out = new TotalsEncoder()
                .wrapAndApplyHeader(buffer, 0, header)
                .step(1204)
                .stop(1)
                .heads(2)
                .firstLane(5);
        out.lanesCount(2).next().tokens(900).samples(32).next().tokens(901).samples(31);
        TotalsEncoder.ByHeadEncoder heads = out.byHeadCount(4);
        for (int index = 0; index < 4; index++) {
            heads.next().targetCount(index).lossSum(index / 3.0).correctCount(-index);
        }
        TotalsDecoder in = new TotalsDecoder().wrapAndApplyHeader(buffer, 0, headerIn);
        assertThat(in.step()).isEqualTo(1204);
        assertThat(in.stop()).isEqualTo(1);
        assertThat(in.heads()).isEqualTo(2);
        assertThat(in.firstLane()).isEqualTo(5);
        List<Long> lanes = new ArrayList<>();
        in.lanes().forEach(lane -> lanes.addAll(List.of(lane.tokens(), lane.samples())));
        assertThat(lanes).containsExactly(900L, 32L, 901L, 31L);
        List<Number> byHead = new ArrayList<>();
        in.byHead().forEach(head -> byHead.addAll(List.of(head.targetCount(), head.lossSum(), head.correctCount())));
        assertThat(byHead).startsWith(0L, 0.0, 0L, 1L, 1 / 3.0, -1L).endsWith(3L, 1.0, -3L);
    }

    @Test
    void leave() {
        LeaveEncoder out =
                new LeaveEncoder().wrapAndApplyHeader(buffer, 0, header).nextStep(Long.MIN_VALUE);
        out.lostCount(2).next().node(1).next().node(4);
        out.reason("rank 3 left; nothing is lost: später mehr");
        LeaveDecoder in = new LeaveDecoder().wrapAndApplyHeader(buffer, 0, headerIn);
        assertThat(in.nextStep()).isEqualTo(Long.MIN_VALUE);
        List<Integer> lost = new ArrayList<>();
        in.lost().forEach(each -> lost.add(each.node()));
        assertThat(lost).containsExactly(1, 4);
        assertThat(in.reason()).isEqualTo("rank 3 left; nothing is lost: später mehr");
    }

    @Test
    void stateRequest() {
        new StateRequestEncoder()
                .wrapAndApplyHeader(buffer, 0, header)
                .step(40)
                .position(1L << 33)
                .receiver(2)
                .donor(1);
        StateRequestDecoder in = new StateRequestDecoder().wrapAndApplyHeader(buffer, 0, headerIn);
        assertThat(in.step()).isEqualTo(40);
        assertThat(in.position()).isEqualTo(1L << 33);
        assertThat(in.receiver()).isEqualTo(2);
        assertThat(in.donor()).isEqualTo(1);
    }

    @Test
    void stateBegin() {
        new StateBeginEncoder()
                .wrapAndApplyHeader(buffer, 0, header)
                .step(40)
                .sizeBytes(1L << 34)
                .receiver(2);
        StateBeginDecoder in = new StateBeginDecoder().wrapAndApplyHeader(buffer, 0, headerIn);
        assertThat(in.step()).isEqualTo(40);
        assertThat(in.sizeBytes()).isEqualTo(1L << 34);
        assertThat(in.receiver()).isEqualTo(2);
    }

    @Test
    void stateChunk() {
        new StateChunkEncoder()
                .wrapAndApplyHeader(buffer, 0, header)
                .position(1L << 33)
                .receiver(2)
                .putBytes(new byte[] {9, 8, 7}, 0, 3);
        StateChunkDecoder in = new StateChunkDecoder().wrapAndApplyHeader(buffer, 0, headerIn);
        byte[] bytes = new byte[3];
        assertThat(in.position()).isEqualTo(1L << 33);
        assertThat(in.receiver()).isEqualTo(2);
        assertThat(in.getBytes(bytes, 0, 3)).isEqualTo(3);
        assertThat(bytes).containsExactly(9, 8, 7);
    }

    @Test
    void stateEnd() {
        byte[] hash = new byte[32];
        new Random(1).nextBytes(hash);
        new StateEndEncoder().wrapAndApplyHeader(buffer, 0, header).receiver(2).putSha256(hash, 0, hash.length);
        StateEndDecoder in = new StateEndDecoder().wrapAndApplyHeader(buffer, 0, headerIn);
        byte[] read = new byte[32];
        assertThat(in.receiver()).isEqualTo(2);
        assertThat(in.getSha256(read, 0, read.length)).isEqualTo(32);
        assertThat(read).containsExactly(hash);
    }
}
