package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.worker.Generation;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Members need samples of shards that stay broken. */
class CoordinatorShardsTest extends ClusterTest {
    private static Map<String, Long> leftOut(TestCluster c, String worker) {
        Generation g = Objects.requireNonNull(c.trainer(worker).generation);
        return g.broken().firstSteps();
    }

    @Test
    void allMembersLeaveAShardOutFromTheStepOnThatOneOfThemCouldNotDo() {
        TestCluster c = training("w1", "w2");
        c.steps(3);
        c.trainer("w1").breakShard("a.tar");
        c.expectAfter(300, "training");
        assertThat(leftOut(c, "w1")).isEqualTo(Map.of("a.tar", 3L)).isEqualTo(leftOut(c, "w2"));
        assertThat(c.generations())
                .last()
                .satisfies(g -> assertThat(g.firstStep()).isEqualTo(3));
        assertThat(c.view().notes())
                .containsExactly("a.tar: HTTP 404, no such file; its samples are left out from step 3 on, and count as"
                        + " bad (flm.data.bad-sample-rate)");
        c.steps(2);
        assertThat(c.view().step()).isEqualTo(5);
    }

    @Test
    void whatTwoMembersMeetAtOnceIsLeftOutTogether() {
        TestCluster c = training("w1", "w2");
        c.steps(3);
        c.trainer("w2").breakShard("b.tar");
        c.trainer("w1").breakShard("a.tar");
        c.expectAfter(300, "training");
        assertThat(c.view().generation()).isEqualTo(2);
        assertThat(leftOut(c, "w1")).isEqualTo(Map.of("a.tar", 3L, "b.tar", 3L));
    }

    /** Each is worth a generation: there is no pause between them, and nobody is set aside. */
    @Test
    void aStepThatNeedsManyBrokenShardsIsDoneWithoutThem() {
        TestCluster c = training("w1", "w2");
        for (int shard = 0; shard < 12; shard++) {
            c.trainer("w1").breakShard(shard + ".tar");
            c.expectAfter(300, "training");
        }
        assertThat(c.view().generation()).isEqualTo(13);
        assertThat(leftOut(c, "w2")).hasSize(12).containsEntry("11.tar", 0L);
        c.steps(1);
    }

    @Test
    void whoComesLaterAndAnotherCoordinatorLeaveItOutToo() {
        TestCluster c = training("w1", "w2");
        c.steps(3);
        c.trainer("w1").breakShard("a.tar");
        c.expectAfter(300, "training");
        c.steps(2);
        c.moveCoordinator();
        c.expect("training");
        c.kill("w1");
        c.add("w3");
        c.expectAfter(2000, "training");
        assertThat(leftOut(c, "w2")).isEqualTo(Map.of("a.tar", 3L));
        c.pass(10_000);
        c.steps(1);
        c.expectAfter(500, "training");
        assertThat(c.members(c.view().generation())).contains("w3");
        assertThat(leftOut(c, "w3")).isEqualTo(Map.of("a.tar", 3L));
    }

    /** The coordinator dies before it has formed the next generation: the workers say again what they met. */
    @Test
    void aCoordinatorThatMovedMeanwhileHearsOfTheShard() {
        TestCluster c = training("w1", "w2");
        c.steps(3);
        c.beginMovingCoordinator();
        c.trainer("w1").breakShard("a.tar");
        c.pass(8000);
        c.expect("training");
        assertThat(leftOut(c, "w2")).isEqualTo(Map.of("a.tar", 3L));
    }
}
