const places = `
  amber anvil aspen autumn barley basalt beacon birch blossom bramble breeze bronze brook canyon cedar chalk cherry cinder cinnamon
  clover cobalt copper coral cotton crystal dawn delta desert drift dune ember fennel fern field fjord flint forest frost garden
  ginger glacier granite grove harbour harvest hazel heather heron hollow honey indigo island ivory jasmine juniper kelp lagoon lake
  lantern larch laurel lavender lichen lilac linen lunar maple marble marsh meadow mellow midnight mild mint misty moonlit morning
  moss mountain nectar north nutmeg oak oasis ocean olive opal orchard pearl pebble pepper pine plum poppy prairie quartz quiet rain
  raven reed ridge river rose rowan rust saffron sage sand sapphire scarlet shell sierra silver slate snowy solar sorrel spring
  spruce stone storm summer sunny teal thistle thunder thyme tidal timber topaz tulip tundra twilight umber upland valley velvet
  violet walnut warm wheat willow winter woodland yellow zephyr`
  .trim()
  .split(/\s+/);
const things = `
  acorn alpaca anchor apricot arrow badger basket beaver bison boat bottle bridge bucket button camel candle canoe castle cello
  chair chestnut cloud compass cottage crane cricket cuckoo curlew daisy dingo dolphin donkey drum eagle egret engine falcon feather
  ferret fiddle finch firefly flute fox gannet gazelle gecko gibbon goat goose guitar hammer hamster hare hedgehog heron hornet horse
  ibex iguana jackal jaguar jigsaw kayak kettle kingfisher kite kitten koala ladder lemur linnet lizard llama lobster lynx magpie
  marmot marten mitten mole moose needle newt nuthatch ocelot octopus orca osprey otter owl oyster panda panther parrot pelican
  pencil penguin pheasant piano pigeon pillow plover pony puffin puzzle quail rabbit raccoon radio raft ribbon robin rocket rudder
  saddle sailor salmon seal shark shovel skylark sloth sparrow spider spoon squid squirrel starling stork swallow swan table teapot
  tiger toucan train trumpet turtle umbrella violin wagon walrus weasel whale whistle window wolf wombat wren yak zebra`
  .trim()
  .split(/\s+/);

function below(count: number): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] as number) % count;
}

/**
 * A password that can be said over the telephone: `heather-otter-plum-17`. Some 2.5 × 10⁸ of them: enough where every try is slow,
 * counted, and needs the link as well.
 */
export function memorablePassword(): string {
  const pick = (words: readonly string[]) => words[below(words.length)] as string;
  return [pick(places), pick(things), pick(places), 10 + below(90)].join('-');
}
