/**
 * The words that the painter knows, in English, German, French and Spanish: each line is what they mean, and their stems. A stem ending in `-` stands for all words that
 * begin so. Letters have no accents here, as `readPrompt` takes them off.
 */
export const subjects = {
  mountain:
    'mountain- peak- summit- alp alps alpine ridge- everest matterhorn fuji berg berge bergen gebirge gipfel bergsee montagne- sommet- montana- cumbre- sierra andes himalaya- rocky rockies fjord-',
  hill: 'hill- rolling countryside tuscan- toscana valley- hugel- tal huegel- colline- vallee- colina- valle- vineyard- field- acker felder champs campos landschaft landscape paysage paisaje',
  lake: 'lake- pond- loch tarn bergsee see seen teich weiher lac lacs etang lago lagos laguna reservoir fjord- river- stream- fluss bach riviere rio reflection- reflecting spiegelung- water wasser eau agua',
  sea: 'sea seas ocean- beach- coast- shore seaside bay surf wave waves meer ozean strand kuste- kueste- bucht welle- mer plage- cote vague- mar playa- costa- ola olas harbor harbour- hafen port island- insel- ile isla- tropical sailing',
  forest:
    'forest- wood woods woodland- tree trees pine- fir spruce birch- grove jungle- wald walder baum baume birke- tanne- foret- arbre- bois bosque- arbol- pino- sapin- bouleau-',
  desert:
    'desert- dune- sahara wuste- wueste- sand sands sandy dune desierto- duna- mesa- canyon- cactus cacti kaktus oasis',
  city: 'city- skyline- town- skyscraper- building- street- urban metropolis manhattan tokyo york paris london berlin stadt- hochhaus- strasse- gebaude- ville- rue immeuble- gratte-ciel ciudad- calle- edificio- rascacielos downtown cyberpunk',
  flower:
    'flower- blossom- bloom- rose roses tulip- poppy poppies daisy daisies sunflower- lavender lily lilies orchid- peony peonies bouquet- garden- blume- bluten- rosen mohn tulpe- sonnenblume- garten fleur- tournesol- jardin- coquelicot- flor flores girasol- amapola- floral botanical wildflower- cherry sakura',
  meadow:
    'meadow- grass- pasture- steppe savanna- wiese- gras weide prairie- pre pradera- prado- hierba spring fruhling printemps primavera wildflower-',
  bouquet:
    'bouquet- vase- still-life stilleben stillleben nature-morte bodegon bunch strauss blumenstrauss florero ramo',
  moon: 'moon- lunar mond mondes mondlicht vollmond lune luna crescent moonlight moonlit mondschein',
  sun: 'sun sunny sunlight sunshine sonne sonnig soleil sol solar',
  star: 'star stars starry stern sterne sternen- sternhimmel galaxy galaxies milky milchstrasse constellation- cosmos cosmic space nebula weltall etoile- estrella- universe universum espacio',
  aurora: 'aurora northern-lights polarlicht- nordlicht- aurore boreal borealis',
  cloud: 'cloud- cumulus wolke- bewolkt nuage- nube- nublado overcast cloudy',
  boat: 'boat- sail sailing sailboat- ship- canoe- yacht- boot boote segel- schiff- kahn bateau- voilier- navire- barco- velero- barca- kayak gondola',
  house:
    'house- cabin- cottage- hut barn farm- home chalet- haus hauser hutte- huette- bauernhof scheune maison- cabane- ferme- casa- cabana- granja- village- dorf- chapel church kirche eglise iglesia',
  lighthouse: 'lighthouse- leuchtturm- phare faro faros',
  bird: 'bird- gull- seagull- cranes swallow- heron- eagle- geese goose crow- raven- vogel- mowe- adler oiseau- mouette- aigle pajaro- gaviota- aguila ave aves owl- swan-',
  balloon: 'balloon- ballon heissluftballon- montgolfiere- globo-',
  palm: 'palm- tropical tropic tropisch palmen- palmier- palmera- caribbean hawaii oasis',
  cat: 'cat cats kitten- katze- chat chats gato- kitty',
  deer: 'deer stag elk hirsch- reh cerf- ciervo- venado moose reindeer',
  person:
    'person woman man girl boy wanderer hiker traveler traveller figure mensch frau mann femme homme mujer hombre portrait self nino kind child children people',
  abstract: 'abstract- abstrakt- abstrait- abstracto- nonfigurative composition expressionist',
  geometric:
    'geometr- bauhaus shape- cube- cubes cubist cubism kubis- kandinsky mondrian suprematis- triangle- square squares circle- kreis- dreieck- formes formas',
  pattern: 'pattern- muster texture ornament- motif- patron- tile tiles mosaic- tapestry wallpaper quilt',
  flow: 'flow flowing swirl- ribbon- smoke marble fluid liquid turbulen- stromung fliessend flujo flux wind energy music dream- traum- reve sueno',
  planet: 'planet- mars saturn jupiter alien sci-fi orbit planete- planeta-',
} as const;

export const times = {
  dawn: 'dawn sunrise first-light daybreak early-morning morning morgen- sonnenaufgang dammerung morgenlicht aube lever-de-soleil matin amanecer manana alba aurore',
  day: 'noon midday day daylight daytime mittag tag midi jour mediodia dia summer sommer ete verano sunny blue-sky',
  sunset:
    'sunset evening golden-hour golden sonnenuntergang abend- abendrot coucher-de-soleil soir atardecer ocaso puesta-de-sol tarde afterglow',
  dusk: 'dusk twilight blue-hour gloaming abenddammerung crepuscule crepusculo zwielicht',
  night:
    'night nights midnight nacht- mitternacht nuit- minuit noche- medianoche nocturne moonlit moonlight starry stars dark-sky mondlicht mondschein vollmond full-moon aurora-borealis northern-lights polarlicht- nordlicht- milky galaxy galaxies cosmos space nebula',
} as const;

export const weathers = {
  mist: 'mist misty fog foggy haze hazy nebel- dunst brume- brouillard niebla- neblina bruma',
  storm: 'storm- thunder- lightning tempest sturm- gewitter- blitz orage- tempete- tormenta- tempestad rayo',
  rain: 'rain- rainy drizzle regen- pluie- pluvieux lluvia- lluvioso',
  snow: 'snow- snowy winter- ice icy frozen frost- glacier- schnee- eis verschneit gletscher neige- hiver glace nieve- invierno hielo nevado arctic antarctic christmas',
  clouds: 'cloud- cloudy overcast wolke- wolkig bewolkt nuage- nuageux nube- nublado',
} as const;

export const media = {
  paper:
    'cut-paper papercut paper-cut paper cutout cut-out collage origami layered-paper papier- scherenschnitt papel recortado papier-decoupe silhouette-',
  watercolour: 'watercolor- watercolour- aquarell- aquarelle- acuarela- wet-on-wet',
  ink: 'ink tusche sumi sumi-e brush-painting calligraph- encre tinta line-drawing drawing sketch- zeichnung- dessin dibujo pen charcoal kohle pencil bleistift shan-shui',
  oil: 'oil- olgemalde oelgemalde ol huile oleo impasto impressionis- van-gogh monet painting gemalde peinture pintura canvas brushstroke- acrylic- acryl',
  gouache:
    'gouache- illustration- illustrat- flat matte tempera guache concept-art storybook ghibli digital photo- photograph- realistic cinematic',
  poster:
    'poster- screenprint- screen-print serigraph- siebdruck- plakat- affiche- cartel- retro vintage pop-art travel-poster riso risograph vector low-poly',
  lino: 'linocut- lino woodcut- wood-cut woodblock linolschnitt- holzschnitt- gravure gravur grabado- xilografia engraving etching block-print ukiyo-e hokusai hiroshige print',
  glass: 'stained-glass stained glasmalerei buntglas- glasfenster vitrail vitraux vitral- vidriera- mosaic- mosaik-',
  pastel: 'pastel- chalk- kreide- craie tiza crayon- buntstift-',
} as const;

/** What a word does to colour: warmth and lightness from −1 to 1, contrast and colourfulness as well. */
export const moods = {
  warm: 'warm- warmer cosy cozy hot warme chaud- caliente calido- calida- fiery',
  cold: 'cold- colder cool cooler chilly kalt- kuhl- froid- frio- fria-',
  dark: 'dark- darker gloomy moody dunkel- dunkler duster sombre- oscuro- oscura- ominous dramatic gothic noir',
  bright: 'bright- brighter lighter luminous airy hell heller leuchtend clair- lumineux claro- brillante- luminoso-',
  vivid:
    'vivid- vibrant- colorful colourful saturated bunt- kraftig- vif vive intense colore- vivo- colorido- psychedelic neon more-colour more-color',
  muted: 'muted- faded pale desaturated soft softer subtle gedampft blass- sanft- doux douce apagado- suave- subdued',
  minimal:
    'minimal- simple few-colours few-colors sparse clean minimalistisch einfach wenige-farben epure- sencillo- peu-de-couleurs pocos-colores',
  calm: 'calm- peaceful quiet serene tranquil still ruhig- friedlich calme- paisible tranquilo- sereno- gentle',
  contrast: 'contrast- more-contrast dramatic bold stark kontrast- mehr-kontrast contraste-',
  monochrome:
    'monochrom- black-and-white black-white grayscale greyscale schwarzweiss schwarz-weiss noir-et-blanc blanco-y-negro sepia grisaille',
} as const;

/** Flowers that look like themselves. */
export const blooms = {
  tulip: 'tulip- tulpe- tulipan-',
  rose: 'rose roses rosen peony peonies rosa rosas pivoine- peonia- pfingstrose- camellia-',
  daisy: 'daisy daisies margarit- ganseblum- marguerite- paquerette- chamomile',
  sunflower: 'sunflower- sonnenblume- tournesol- girasol-',
  poppy: 'poppy poppies mohn- coquelicot- amapola-',
  lavender: 'lavender lavendel lavande lavanda',
} as const;

export const seasons = {
  autumn: 'autumn- fall october november september herbst- automne- otono- foliage',
  spring: 'spring- fruhling- printemps primavera cherry sakura april blossom-',
  winter: 'winter- hiver invierno snow- snowy schnee- neige nieve- christmas frozen',
} as const;

/** Hues in degrees of OKLCH, and the words for them. */
export const hues = {
  25: 'red crimson scarlet rot rote rouge rojo roja ruby',
  12: 'coral salmon korall-',
  45: 'orange terracotta rust apricot naranja peach copper',
  85: 'yellow gold golden gelb- jaune- amarillo- amber ochre mustard honey dorado',
  125: 'lime chartreuse olive',
  148: 'green emerald grun- vert verts verte verde- moss sage',
  185: 'turquoise teal mint turkis- petrol turquesa cyan aqua',
  255: 'blue navy azure cobalt blau- bleu- azul- sapphire indigo',
  305: 'purple violet lavender lila violett- mauve morado- violeta- plum lilac',
  352: 'pink magenta rosa rose fuchsia blush',
} as const;
