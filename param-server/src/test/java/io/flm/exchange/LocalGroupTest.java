package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LocalGroupTest {
    private static final long BOUND_S = 30;

    private final ExchangeNode node = ExchangeNode.inMemory();
    private final ExecutorService trainers = Executors.newCachedThreadPool();

    @AfterEach
    void stopTrainers() {
        trainers.shutdownNow();
    }

    private static List<LaneRange> spec(int... bounds) {
        List<LaneRange> spec = new ArrayList<>();
        for (int rank = 0; rank + 1 < bounds.length; rank++) {
            spec.add(new LaneRange(bounds[rank], bounds[rank + 1]));
        }
        return spec;
    }

    private static List<LaneRange> anyDeal(int laneCount, int worldSize, Random random) {
        TreeSet<Integer> bounds = new TreeSet<>(List.of(0, laneCount));
        while (bounds.size() <= worldSize) {
            bounds.add(random.nextInt(laneCount));
        }
        return spec(bounds.stream().mapToInt(Integer::intValue).toArray());
    }

    private static LaneTotals totals(int lane) {
        return new LaneTotals(
                lane, new long[] {lane, 1}, new double[] {0.1 * lane, 1e17 / (lane + 1)}, new long[] {1, 0}, 7, 2);
    }

    private static List<LaneTotals> totals(LaneRange lanes) {
        List<LaneTotals> totals = new ArrayList<>();
        for (int lane = lanes.from(); lane < lanes.to(); lane++) {
            totals.add(totals(lane));
        }
        return totals;
    }

    /** The sums of both segments and the totals, as one member got them. */
    private record Step(float[] first, float[] second, StepTotals totals) {}

    /** What a trainer does in a step, with sums written over its last partials. */
    private static Step train(Exchange exchange, long step, List<float[]> first, List<float[]> second, boolean stop)
            throws ExchangeException {
        List<LaneRange> subtrees = LaneTree.cover(exchange.lanes(), first.size());
        List<Partial> ofFirst = TreeSumTest.partials(subtrees, first);
        List<Partial> ofSecond = TreeSumTest.partials(subtrees, second);
        Exchange.Reduction reduction = exchange.begin(step);
        reduction.contribute(1, ofSecond);
        reduction.contribute(0, ofFirst);
        reduction.contribute(totals(exchange.lanes()), stop);
        FloatBuffer sumOfFirst = ofFirst.get(subtrees.size() - 1).values();
        FloatBuffer sumOfSecond = ofSecond.get(0).values();
        reduction.await(1, sumOfSecond);
        reduction.await(0, sumOfFirst);
        return new Step(array(sumOfFirst), array(sumOfSecond), reduction.awaitTotals());
    }

    private static float[] array(FloatBuffer buffer) {
        float[] values = new float[buffer.limit()];
        buffer.get(0, values);
        return values;
    }

    private Exchange join(long generation, int rank, List<LaneRange> spec, int segments) throws ExchangeException {
        return node.join(GroupSpec.local(generation, segments, Codec.FP32, spec), rank);
    }

    private List<Exchange> members(long generation, List<LaneRange> spec, int segments) throws ExchangeException {
        List<Exchange> members = new ArrayList<>();
        for (int rank = 0; rank < spec.size(); rank++) {
            members.add(join(generation, rank, spec, segments));
        }
        return members;
    }

    private <T> List<T> all(List<Exchange> members, Trainer<T> trainer) throws Exception {
        List<Future<T>> running = new ArrayList<>();
        for (Exchange member : members) {
            Callable<T> task = () -> trainer.run(member);
            running.add(trainers.submit(task));
        }
        List<T> results = new ArrayList<>();
        for (Future<T> result : running) {
            results.add(result.get(BOUND_S, TimeUnit.SECONDS));
        }
        return results;
    }

    private interface Trainer<T> {
        T run(Exchange member) throws Exception;
    }

    private static void failsInExchange(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(ExchangeException.class).hasMessageContaining(message);
    }

    @Test
    void givesEveryMemberTheSameBitsForEveryDealOfLanes() throws Exception {
        Random random = new Random(11);
        long generation = 0;
        for (int laneCount = 1; laneCount <= 33; laneCount++) {
            // The second segment is larger than what one thread adds at a time.
            List<float[]> first = TreeSumTest.laneGradients(laneCount, 137, random);
            List<float[]> second =
                    TreeSumTest.laneGradients(laneCount, laneCount == 7 ? 3 * LocalGroup.CHUNK + 5 : 10, random);
            float[] firstSum = TreeSumTest.recursiveSum(first, 0, 64);
            float[] secondSum = TreeSumTest.recursiveSum(second, 0, 64);
            StepTotals expected = StepTotals.of(totals(new LaneRange(0, laneCount)), false);
            for (int worldSize = 1; worldSize <= Math.min(8, laneCount); worldSize++) {
                List<LaneRange> spec = anyDeal(laneCount, worldSize, random);
                List<Exchange> members = members(++generation, spec, 2);
                List<Step> steps = all(members, member -> {
                    train(member, 4, second, first, false);
                    return train(member, 5, first, second, false);
                });
                for (Step step : steps) {
                    assertThat(step.first()).as("%s", spec).isEqualTo(firstSum);
                    assertThat(step.second()).as("%s", spec).isEqualTo(secondSum);
                    assertThat(step.totals()).usingRecursiveComparison().isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void stopsAllMembersWhenOneAsks() throws Exception {
        List<float[]> gradients = TreeSumTest.laneGradients(3, 4, new Random(1));
        List<Step> steps = all(
                members(1, spec(0, 1, 2, 3), 2), member -> train(member, 0, gradients, gradients, member.rank() == 1));
        assertThat(steps).allMatch(step -> step.totals().stop());
    }

    @Test
    void copiesNothingWhereOneMemberHoldsTheSumAlready() throws Exception {
        Exchange alone = join(1, 0, spec(0, 4), 1);
        // A copy into this buffer would be refused.
        FloatBuffer sum = FloatBuffer.wrap(new float[] {1, 2, 3}).asReadOnlyBuffer();
        Exchange.Reduction reduction = alone.begin(0);
        reduction.contribute(0, List.of(new Partial(new LaneRange(0, 4), sum)));
        reduction.await(0, sum);
        FloatBuffer elsewhere = FloatBuffer.allocate(3);
        reduction.contribute(totals(alone.lanes()), false);
        reduction.awaitTotals();
        Exchange.Reduction next = alone.begin(1);
        next.contribute(0, List.of(new Partial(new LaneRange(0, 4), sum)));
        next.await(0, elsewhere);
        assertThat(elsewhere.array()).containsExactly(1, 2, 3);
    }

    @Test
    void onlyAMemberThatIsAloneMayLeaveSegmentsOut() throws Exception {
        Exchange alone = join(1, 0, spec(0, 4), 2);
        Exchange.Reduction reduction = alone.begin(0);
        reduction.contribute(totals(alone.lanes()), true);
        assertThat(reduction.awaitTotals().stop()).isTrue();
        alone.begin(1);

        List<Exchange> two = members(2, spec(0, 2, 4), 2);
        List<Exchange.Reduction> step = List.of(two.get(0).begin(0), two.get(1).begin(0));
        for (int rank = 0; rank < 2; rank++) {
            step.get(rank).contribute(totals(two.get(rank).lanes()), false);
        }
        step.get(0).awaitTotals();
        assertThatThrownBy(() -> two.get(0).begin(1)).hasMessageContaining("begun before step 0 was awaited");
    }

    @Test
    void letsAMemberContributeAStepAheadOfAnotherThatStillReads() throws Exception {
        List<Exchange> members = members(1, spec(0, 1, 2), 1);
        FloatBuffer[] buffers = {FloatBuffer.wrap(new float[] {1}), FloatBuffer.wrap(new float[] {2})};
        List<Exchange.Reduction> step = new ArrayList<>();
        for (int rank = 0; rank < 2; rank++) {
            step.add(members.get(rank).begin(0));
            step.get(rank).contribute(0, List.of(new Partial(members.get(rank).lanes(), buffers[rank])));
            step.get(rank).contribute(totals(members.get(rank).lanes()), false);
        }
        step.get(0).await(0, buffers[0]);
        step.get(0).awaitTotals();
        Exchange.Reduction ahead = members.get(0).begin(1);
        buffers[0].put(0, 50);
        ahead.contribute(0, List.of(new Partial(members.get(0).lanes(), buffers[0])));

        step.get(1).await(0, buffers[1]);
        assertThat(buffers[1].get(0)).isEqualTo(3);
    }

    @Test
    void releasesWaitingMembersWhenOneLeaves() throws Exception {
        List<float[]> gradients = TreeSumTest.laneGradients(3, 4, new Random(1));
        List<Exchange> members = members(1, spec(0, 1, 2, 3), 2);
        CountDownLatch waiting = new CountDownLatch(2);
        List<Future<Step>> running = new ArrayList<>();
        for (Exchange member : members.subList(0, 2)) {
            running.add(trainers.submit(() -> {
                waiting.countDown();
                return train(member, 0, gradients, gradients, false);
            }));
        }
        assertThat(waiting.await(BOUND_S, TimeUnit.SECONDS)).isTrue();
        members.get(2).close();
        for (Future<Step> step : running) {
            assertThatThrownBy(() -> step.get(BOUND_S, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .cause()
                    .isInstanceOf(ExchangeException.class)
                    .hasMessage("rank 2 left generation 1");
        }
        failsInExchange(() -> members.get(2).begin(0), "rank 2 left generation 1");
    }

    @Test
    void releasesItsOwnTrainerWhenClosedFromElsewhere() throws Exception {
        List<float[]> gradients = TreeSumTest.laneGradients(2, 4, new Random(1));
        Exchange member = join(1, 0, spec(0, 1, 2), 2);
        Future<Step> step = trainers.submit(() -> train(member, 0, gradients, gradients, false));
        member.close();
        member.close();
        assertThatThrownBy(() -> step.get(BOUND_S, TimeUnit.SECONDS)).hasCauseInstanceOf(ExchangeException.class);
    }

    @Test
    void endsTheGenerationWhenATrainerIsInterrupted() throws Exception {
        List<Exchange> members = members(1, spec(0, 1, 2), 1);
        Exchange.Reduction step = members.get(0).begin(0);
        step.contribute(totals(members.get(0).lanes()), false);
        Thread.currentThread().interrupt();
        failsInExchange(step::awaitTotals, "interrupted");
        assertThat(Thread.interrupted()).isTrue();
        failsInExchange(() -> members.get(1).begin(0), "interrupted");
    }

    @Test
    void givesWhatIsCompleteEvenAfterAMemberHasLeft() throws Exception {
        List<Exchange> members = members(1, spec(0, 1, 2), 1);
        List<Exchange.Reduction> step = new ArrayList<>();
        for (Exchange member : members) {
            step.add(member.begin(0));
            step.get(member.rank()).contribute(0, List.of(new Partial(member.lanes(), FloatBuffer.wrap(new float[] {1
            }))));
            step.get(member.rank()).contribute(totals(member.lanes()), false);
        }
        FloatBuffer sum = FloatBuffer.allocate(1);
        step.get(0).await(0, sum);
        step.get(0).awaitTotals();
        members.get(0).close(); // It has committed the step, so the other must be able to.
        step.get(1).await(0, sum);
        assertThat(step.get(1).awaitTotals().samples()).isEqualTo(4);
        assertThat(sum.get(0)).isEqualTo(2);
    }

    @Test
    void endsAGenerationWhenALaterOneBegins() throws Exception {
        Exchange early = join(3, 0, spec(0, 1, 2), 1);
        Exchange later = join(4, 0, spec(0, 2), 1);
        failsInExchange(() -> early.begin(0), "generation 3 was followed by 4");
        failsInExchange(() -> join(3, 1, spec(0, 1, 2), 1), "generation 3 is over, 4 has begun");
        early.close();
        assertThat(later.begin(0)).isNotNull();
        assertThat(later.worldSize()).isEqualTo(1);
    }

    @Test
    void refusesMembersThatDisagree() throws Exception {
        join(1, 0, spec(0, 1, 3), 2);
        assertThatThrownBy(() -> join(1, 1, spec(0, 2, 3), 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> join(1, 1, spec(0, 1, 3), 3)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> join(1, 2, spec(0, 1, 3), 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> join(1, 0, spec(0, 1, 3), 2)).hasMessageContaining("joins generation 1 twice");
        assertThatThrownBy(() -> join(2, 0, spec(0, 1, 1), 2)).hasMessageContaining("not contiguous");
        assertThatThrownBy(() -> join(2, 0, spec(1, 2), 2)).hasMessageContaining("not contiguous");
        assertThatThrownBy(() -> join(2, 0, List.of(), 2)).hasMessageContaining("no lanes dealt");
        assertThat(join(1, 1, spec(0, 1, 3), 2).lanes()).isEqualTo(new LaneRange(1, 3));
    }

    @Test
    void refusesPartialsThatAreNotTheSubtreesOfItsLanes() throws Exception {
        FloatBuffer values = FloatBuffer.allocate(1);
        long generation = 0;
        for (List<Partial> partials : List.of(
                List.<Partial>of(),
                List.of(new Partial(new LaneRange(1, 4), values)),
                List.of(new Partial(new LaneRange(2, 4), values)),
                List.of(new Partial(new LaneRange(2, 4), values), new Partial(new LaneRange(1, 2), values)),
                List.of(new Partial(new LaneRange(1, 2), values), new Partial(new LaneRange(3, 4), values)))) {
            Exchange.Reduction step = join(++generation, 1, spec(0, 1, 4), 1).begin(0);
            assertThatThrownBy(() -> step.contribute(0, partials))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not the subtrees of its lanes [1, 4) of 4");
        }
    }

    @Test
    void refusesSegmentsOfDifferentSizesAndSumsWithoutRoom() throws Exception {
        List<Exchange> members = members(1, spec(0, 1, 2), 1);
        Exchange.Reduction first = members.get(0).begin(0);
        first.contribute(0, List.of(new Partial(members.get(0).lanes(), FloatBuffer.allocate(3))));
        Exchange.Reduction second = members.get(1).begin(0);
        assertThatThrownBy(() ->
                        second.contribute(0, List.of(new Partial(members.get(1).lanes(), FloatBuffer.allocate(4)))))
                .hasMessageContaining("segment 0 with 4 floats, others have 3");

        Exchange alone = join(2, 0, spec(0, 1), 1);
        Exchange.Reduction step = alone.begin(0);
        step.contribute(0, List.of(new Partial(alone.lanes(), FloatBuffer.allocate(3))));
        assertThatThrownBy(() -> step.await(0, FloatBuffer.allocate(2))).hasMessageContaining("has room for 2");
    }

    @Test
    void refusesTotalsOfOtherLanes() throws Exception {
        Exchange.Reduction step = join(1, 0, spec(0, 2, 3), 1).begin(0);
        assertThatThrownBy(() -> step.contribute(List.of(totals(0)), false))
                .hasMessageContaining("no totals of lane 0");
        Exchange.Reduction other = join(2, 0, spec(0, 2, 3), 1).begin(0);
        assertThatThrownBy(() -> other.contribute(List.of(totals(1), totals(0)), false))
                .hasMessageContaining("no totals of lane 0");
    }

    @Test
    void refusesCallsOutOfOrder() throws Exception {
        Exchange member = join(1, 0, spec(0, 1), 1);
        Exchange.Reduction step = member.begin(0);
        FloatBuffer values = FloatBuffer.allocate(1);
        List<Partial> partials = List.of(new Partial(member.lanes(), values));
        assertThatThrownBy(() -> step.await(0, values)).hasMessageContaining("awaited, but not contributed");
        assertThatThrownBy(step::awaitTotals).hasMessageContaining("awaited, but not contributed");
        step.contribute(0, partials);
        assertThatThrownBy(() -> step.contribute(0, partials)).hasMessageContaining("twice");
        assertThatThrownBy(() -> step.contribute(1, partials)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> member.begin(1)).hasMessageContaining("begun before step 0 was awaited");
        step.await(0, values);
        assertThatThrownBy(() -> step.await(0, values)).hasMessageContaining("twice");
        step.contribute(totals(member.lanes()), false);
        step.awaitTotals();
        assertThatThrownBy(() -> member.begin(0)).isInstanceOf(IllegalStateException.class);
        member.begin(1);
        assertThatThrownBy(() -> step.contribute(0, partials)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void refusesMembersAtDifferentSteps() throws Exception {
        List<Exchange> members = members(1, spec(0, 1, 2), 1);
        members.get(0).begin(5);
        assertThatThrownBy(() -> members.get(1).begin(6)).hasMessageContaining("while the members are at step 5");
    }
}
