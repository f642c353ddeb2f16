package sfo.it.scenario;

class EmbeddedDemoIT extends DemoStories {
    EmbeddedDemoIT() {
        super("embedded");
    }
}
