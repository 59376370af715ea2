package io.flm.coordinator.http;

import akka.stream.Attributes;
import akka.stream.FlowShape;
import akka.stream.Inlet;
import akka.stream.Outlet;
import akka.stream.stage.AbstractInHandler;
import akka.stream.stage.AbstractOutHandler;
import akka.stream.stage.GraphStage;
import akka.stream.stage.GraphStageLogic;
import akka.stream.stage.TimerGraphStageLogic;
import akka.util.ByteString;
import java.time.Duration;

/**
 * Reads on for a while, and throws away, where what comes in is not wanted any more: a system resets a connection that is closed with
 * unread bytes, and the answer that says why they are not wanted would be lost on the way.
 */
final class Lingering extends GraphStage<FlowShape<ByteString, ByteString>> {
    private static final String END = "end";

    private final Inlet<ByteString> in = Inlet.create("Lingering.in");
    private final Outlet<ByteString> out = Outlet.create("Lingering.out");
    private final FlowShape<ByteString, ByteString> shape = FlowShape.of(in, out);
    private final Duration longest;

    Lingering(Duration longest) {
        this.longest = longest;
    }

    @Override
    public FlowShape<ByteString, ByteString> shape() {
        return shape;
    }

    @Override
    public GraphStageLogic createLogic(Attributes attributes) {
        return new TimerGraphStageLogic(shape) {
            private boolean unwanted;

            {
                setHandler(in, new AbstractInHandler() {
                    @Override
                    public void onPush() {
                        ByteString bytes = grab(in);
                        if (unwanted) {
                            pull(in);
                        } else {
                            push(out, bytes);
                        }
                    }
                });
                setHandler(out, new AbstractOutHandler() {
                    @Override
                    public void onPull() {
                        pull(in);
                    }

                    @Override
                    public void onDownstreamFinish(Throwable cause) {
                        unwanted = true;
                        scheduleOnce(END, longest);
                        if (!hasBeenPulled(in)) {
                            pull(in);
                        }
                    }
                });
            }

            @Override
            public void onTimer(Object key) {
                completeStage();
            }
        };
    }
}
