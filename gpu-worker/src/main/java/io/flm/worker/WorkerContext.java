package io.flm.worker;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import io.flm.worker.Worker.Command;
import io.flm.worker.Worker.Report;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What outlives a state of a {@link Worker}. */
final class WorkerContext {
    final ActorContext<Command> actor;
    final Worker.Identity identity;
    final AsyncTrainer trainer;
    long epoch;
    long lastGeneration;
    long attempt;
    double laneMs;
    boolean saving;

    @Nullable ActorRef<Report> receiver; // of the newest order

    @Nullable RunPlan plan;

    Map<String, String> hashes = Map.of();

    @Nullable Report outcome; // of the newest generation, once it has ended here

    WorkerContext(ActorContext<Command> actor, Worker.Identity identity, AsyncTrainer trainer) {
        this.actor = actor;
        this.identity = identity;
        this.trainer = trainer;
    }

    String name() {
        return identity.name();
    }

    String run() {
        return plan == null ? "" : plan.id();
    }

    void report(Report report) {
        if (receiver != null) {
            receiver.tell(report);
        }
    }
}
