package io.flm.coordinator;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** A test of what happens in a {@link TestCluster}, which it begins in one of these ways; all are closed after it. */
@Timeout(60)
abstract class ClusterTest {
    private final List<TestCluster> open = new ArrayList<>();

    final TestCluster cluster(String... workers) {
        return configured("", workers);
    }

    /** With some settings other than those of {@code reference.conf}. */
    final TestCluster configured(String settings, String... workers) {
        TestCluster cluster = TestCluster.with(settings, workers);
        open.add(cluster);
        return cluster;
    }

    /** A run that trains on all of these. */
    final TestCluster training(String... workers) {
        TestCluster cluster = cluster(workers).submit();
        cluster.expectAfter(200, "training");
        return cluster;
    }

    /** A run whose first generation all have joined but one: {@code late} does when its trainer is told to. */
    final TestCluster forming(String late, String... others) {
        TestCluster cluster = cluster(others);
        cluster.add(late).trainer.holdsEntry = true;
        cluster.submit();
        cluster.expectAfter(200, "forming");
        return cluster;
    }

    @AfterEach
    final void close() {
        open.forEach(TestCluster::close);
    }
}
