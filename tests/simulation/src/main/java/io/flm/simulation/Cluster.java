package io.flm.simulation;

import akka.actor.typed.ActorRef;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.CoordinatorSettings;
import io.flm.worker.Worker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who belongs to the cluster: in place of the failure detector, the split brain resolver that keeps the greater part, and the
 * singleton on the oldest member.
 */
final class Cluster {
    private static final double REVIEW_MS = 200;
    private static final double JOIN_MS = 1500;
    private static final double UNSEEN_MS = 1200; // until the receptionist lists it no more
    private static final double DEAD_MS = 1500; // its host refuses connections
    private static final double SILENT_MS = 4000;
    private static final double TAKEOVER_MS = 1500;
    private static final double BEGIN_AGAIN_MS = 1000;
    private static final long MS = 1_000_000;

    private final World world;
    private final CoordinatorSettings settings;
    private final List<Life> members = new ArrayList<>(); // the oldest first
    private @Nullable Life host;
    private double vacantSinceMs = -1;
    private Set<ActorRef<Worker.Command>> listed = Set.of();

    Cluster(World world, CoordinatorSettings settings) {
        this.world = world;
        this.settings = settings;
    }

    void start() {
        review();
    }

    /** The node of the coordinator. */
    Node hostOr(Node other) {
        return host == null ? other : host.node;
    }

    /** The coordinator, where there is one and its node is not stopped. */
    @Nullable ActorRef<Coordinator.Command> coordinator() {
        return host == null || host.node.frozen ? null : host.coordinator;
    }

    private void review() {
        int greater = greaterPart();
        for (Life life : List.copyOf(members)) {
            boolean away = life.over || life.node.frozen || life.node.group != greater;
            life.awaySince = !away ? -1 : life.awaySince < 0 ? world.nanoTime() : life.awaySince;
            if (away && sinceMs(life.awaySince) >= (life.over ? DEAD_MS : SILENT_MS)) {
                remove(life);
            }
        }
        for (Node node : world.nodes) {
            Life life = node.life;
            boolean fit = life != null && !life.member && !life.removed && !node.frozen;
            if (life != null
                    && fit
                    && sinceMs(life.beganAt) >= JOIN_MS
                    && (members.isEmpty() || node.group == greater)) {
                life.member = true;
                members.add(life);
                if (members.size() == 1) {
                    greater = node.group;
                }
            }
        }
        appoint();
        list();
        world.after(REVIEW_MS, this::review);
    }

    private double sinceMs(long since) {
        return (double) (world.nanoTime() - since) / MS;
    }

    /** The group that most members are in which take part; of equal ones that with the oldest. */
    private int greaterPart() {
        Map<Integer, Integer> counts = new HashMap<>();
        int best = 0;
        int most = 0;
        for (Life life : members) {
            if (!life.over && !life.node.frozen) {
                counts.merge(life.node.group, 1, Integer::sum);
            }
        }
        for (Life life : members) {
            int count = counts.getOrDefault(life.node.group, 0);
            if (count > most) {
                most = count;
                best = life.node.group;
            }
        }
        return best;
    }

    private void remove(Life life) {
        life.member = false;
        life.removed = true;
        members.remove(life);
        if (!life.over && !life.node.frozen) { // it has removed the others, so it begins again
            life.node.restart(BEGIN_AGAIN_MS);
        }
    }

    /** A coordinator on the oldest member, some time after the last one was lost. */
    private void appoint() {
        if (host != null && host.member && !host.over) {
            return;
        }
        host = null;
        vacantSinceMs = vacantSinceMs < 0 ? world.nowMs() : vacantSinceMs;
        if (world.nowMs() - vacantSinceMs < TAKEOVER_MS) {
            return;
        }
        for (Life life : members) {
            if (!life.over && life.awaySince < 0) {
                host = life;
                vacantSinceMs = -1;
                listed = Set.of();
                members.forEach(m -> m.unseenSince = -1);
                life.startCoordinator(settings);
                return;
            }
        }
    }

    /** Tells the coordinator which workers are registered and can be reached. */
    private void list() {
        Life here = host;
        if (here == null || here.coordinator == null) {
            return;
        }
        Set<ActorRef<Worker.Command>> seen = new HashSet<>();
        for (Life life : members) {
            boolean unseen = life.over || life.node.frozen || !life.node.reaches(here.node);
            life.unseenSince =
                    !unseen || life == here ? -1 : life.unseenSince < 0 ? world.nanoTime() : life.unseenSince;
            if (life.unseenSince < 0 || sinceMs(life.unseenSince) < UNSEEN_MS) {
                seen.add(life.worker);
            }
        }
        if (!seen.equals(listed)) {
            listed = seen;
            ActorRef<Coordinator.Command> coordinator = here.coordinator;
            here.run(() -> coordinator.tell(new Coordinator.Listed(seen)));
        }
    }
}
